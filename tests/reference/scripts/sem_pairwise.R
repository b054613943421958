# Reference values for tests/sem/test_pairwise.py: ordered items with missing answers. Run from the repository's root:
#   Rscript tests/reference/scripts/sem_pairwise.R
suppressMessages({library(jsonlite); library(lavaan); library(semTools)})
bfi <- read.csv("datasets/bfi/data.csv")
bfi$age <- bfi$age / 100  # see sem_ordinal.R
quiet <- function(expr) { sink(tempfile()); on.exit(sink()); suppressMessages(suppressWarnings(force(expr))) }
agree <- paste0("A", 1:5)

# A hole wherever 3 i + 7 j (row i, column j, from 1) can be divided by 11, and one person without any answer.
holed <- function(d) {
  d[(3 * row(d) + 7 * col(d)) %% 11 == 0] <- NA
  d[5, ] <- NA
  d
}

values <- function(model, d, ordered, ..., group = NULL, gamma = TRUE) {
  fit <- quiet(cfa(model, d, ordered = ordered, missing = "pairwise", std.lv = TRUE, group = group, ...))
  p <- parameterEstimates(fit)
  m <- fitMeasures(fit)
  blocks <- function(what) { x <- lavInspect(fit, what); if (is.null(group)) list(x) else unname(x) }
  out <- list(n = sum(lavInspect(fit, "nobs")), obs = lapply(blocks("wls.obs"), as.numeric),
              measures = as.list(unclass(m[c("chisq", "df", "chisq.scaled", "pvalue.scaled", "cfi.scaled", "tli.scaled",
                                             "rmsea.scaled", "srmr")])),
              lhs = p$lhs, op = p$op, rhs = p$rhs, est = p$est, se = p$se)
  if (gamma) out$gamma <- lapply(blocks("gamma"), function(g) unname(unclass(g)))
  if (setequal(ordered, lavNames(fit))) out$omega <- as.list(unclass(unlist(compRelSEM(fit))))
  out
}

small <- bfi[1:600, ]
mixed <- c("age", "A1", "A3", "gender", "education", "N1")
binary <- data.frame(lapply(small[agree], function(x) as.integer(x > 3)))
result <- list(
  versions = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan")),
                  semTools = as.character(packageVersion("semTools"))),
  agree = values(paste("A =~", paste(agree, collapse = "+")), holed(small[agree]), agree),
  binary = values(paste("A =~", paste(agree, collapse = "+")), holed(binary), agree),
  mixed = values(paste("f =~", paste(mixed, collapse = "+")), holed(small[mixed]), c("A1", "A3", "gender", "N1")),
  groups = values(paste("A =~", paste(agree, collapse = "+")), cbind(holed(bfi[1:1400, agree]), gender = bfi$gender[1:1400]),
                  agree, group = "gender", gamma = FALSE),
  factors = values("A =~ A1+A2+A3+A4+A5\nN =~ N1+N2+N3+N4+N5", bfi[c(agree, paste0("N", 1:5))],
                   c(agree, paste0("N", 1:5)), gamma = FALSE))
writeLines(toJSON(result, digits = 12, auto_unbox = TRUE, matrix = "rowmajor", na = "null"), "tests/reference/sem_pairwise.json")
