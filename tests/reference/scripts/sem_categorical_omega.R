# Reference values for tests/sem/test_categorical_omega.py. Run from the repository's root:
#   Rscript tests/reference/scripts/sem_categorical_omega.R
suppressMessages({library(jsonlite); library(lavaan); library(semTools)})
d <- na.omit(read.csv("datasets/bfi/data.csv")[, paste0(rep(c("A", "C", "E", "N", "O"), each = 5), 1:5)])
for (item in c("A1", "C4", "C5", "E1", "E2", "O2", "O5")) d[[item]] <- 7 - d[[item]]
model <- paste(sapply(c("A", "C", "E", "N", "O"), function(f) paste0(f, "f =~ ", paste0(f, 1:5, collapse = " + "))), collapse = "\n")
fit <- suppressWarnings(cfa(model, d, ordered = names(d)))
loadings <- lavInspect(fit, "std")$lambda
thresholds <- lavInspect(fit, "th")
observed <- unclass(lavInspect(fit, "sampstat")$cov); implied <- unclass(fitted(fit)$cov)
quiet <- function(expr) suppressWarnings(suppressMessages(expr))
omega <- quiet(compRelSEM(fit, obs.var = TRUE)); omega_implied <- quiet(compRelSEM(fit, obs.var = FALSE))
factors <- lapply(colnames(loadings), function(f) {
  items <- rownames(loadings)[loadings[, f] != 0]
  list(items = items, loadings = unname(loadings[items, f]),
       thresholds = lapply(items, function(i) as.numeric(thresholds[startsWith(names(thresholds), paste0(i, "|"))])),
       observed = unname(observed[items, items]), implied = unname(implied[items, items]),
       omega = unname(omega[[f]]), omega_implied = unname(omega_implied[[f]]))
})
result <- list(versions = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan")),
                               semTools = as.character(packageVersion("semTools"))),
               factors = setNames(factors, colnames(loadings)))
writeLines(toJSON(result, digits = 12, auto_unbox = TRUE, matrix = "rowmajor"), "tests/reference/sem_categorical_omega.json")
