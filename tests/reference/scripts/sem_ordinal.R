# Reference values for tests/sem/test_ordinal.py. Run from the repository's root:
#   Rscript tests/reference/scripts/sem_ordinal.R
suppressMessages({library(jsonlite); library(lavaan); library(psych)})
bfi <- read.csv("datasets/bfi/data.csv")
customers <- read.csv("datasets/customersat/data.csv")
quiet <- function(expr) { sink(tempfile()); on.exit(sink()); suppressMessages(suppressWarnings(force(expr))) }
complete <- function(d, v) na.omit(d[, v])

# Everything a weighted least squares fit starts from; the model itself does not matter for it.
statistics <- function(d, ordered, gamma = "full") {
  v <- names(d)
  fit <- quiet(cfa(paste("f =~", paste(v, collapse = " + ")), d, ordered = ordered, std.lv = TRUE, optim.force.converged = TRUE))
  g <- unclass(lavInspect(fit, "gamma"))
  list(names = v, ordered = ordered, n = nrow(d), cov = unclass(lavInspect(fit, "sampstat")$cov),
       th = as.numeric(lavInspect(fit, "sampstat")$th), obs = as.numeric(lavInspect(fit, "wls.obs")),
       gamma = if (gamma == "full") unname(g) else diag(unname(g)))
}

agree <- paste0("A", 1:5); items <- c(agree, paste0("C", 1:5), paste0("E", 1:5), paste0("N", 1:5), paste0("O", 1:5))
# Age in centuries: lavaan leaves a respondent out of a polyserial correlation whose density is below 1.5e-8, and the
# density depends on the unit. In years it loses the respondent aged 86.
bfi$age <- bfi$age / 100
mixed <- c("age", "A1", "A3", "gender", "education", "N1")
# Two yes/no items, one answer combination of which never occurs; a third that goes with both.
binary <- data.frame(yes = rep(c(0, 0, 1, 0, 1), c(20, 3, 10, 5, 7)), no = rep(c(0, 1, 1, 0, 1), c(20, 3, 10, 5, 7)),
                     may = rep(c(0, 1, 0, 1, 1), c(20, 3, 10, 5, 7)))
lavcor <- function(d) unname(unclass(quiet(lavCor(d, ordered = names(d), missing = "pairwise"))))
psychcor <- function(d, ...) unname(quiet(polychoric(d, global = FALSE, max.cat = 10, ...))$rho)

result <- list(
  versions = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan")), psych = as.character(packageVersion("psych"))),
  agree = statistics(complete(bfi, agree), agree),
  bfi25 = statistics(complete(bfi, items), items, gamma = "diagonal"),
  mixed = statistics(complete(bfi, mixed), c("A1", "A3", "gender", "N1")),
  binary = c(list(data = binary), statistics(binary, names(binary))),
  lavcor = list(agree_pairwise = lavcor(bfi[, agree]), bfi25_pairwise = lavcor(bfi[, items]), customersat = lavcor(customers[, paste0("q", 1:10)])),
  psych = list(agree_pairwise_correct0 = psychcor(bfi[, agree], correct = 0), bfi25_correct0.5 = psychcor(bfi[, items], correct = .5),
               customersat_correct0.5 = psychcor(customers[, paste0("q", 1:10)], correct = .5)))
writeLines(toJSON(result, digits = 12, auto_unbox = TRUE, matrix = "rowmajor"), "tests/reference/sem_ordinal.json")
