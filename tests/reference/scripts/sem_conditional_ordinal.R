# Reference values for tests/sem/test_conditional_ordinal.py. Run from the repository's root:
#   Rscript tests/reference/scripts/sem_conditional_ordinal.R
suppressMessages({library(jsonlite); library(lavaan)})
bfi <- read.csv("datasets/bfi/data.csv")
# In centuries, so that lavaan keeps every respondent (see sem_ordinal.R).
bfi$age <- bfi$age / 100

# Everything a weighted least squares fit with predictors starts from; the model itself does not matter for it.
statistics <- function(names, ordered, exogenous) {
  d <- na.omit(bfi[, c(names, exogenous)])
  model <- paste("f =~", paste(names, collapse = " + "), "\nf ~", paste(exogenous, collapse = " + "))
  fit <- suppressWarnings(cfa(model, d, ordered = ordered, optim.force.converged = TRUE))
  stopifnot(lavInspect(fit, "options")$conditional.x)
  list(names = names, ordered = ordered, exogenous = exogenous, n = nrow(d), labels = names(lavInspect(fit, "wls.obs")),
       obs = as.numeric(lavInspect(fit, "wls.obs")), gamma = unname(unclass(lavInspect(fit, "gamma"))),
       cov = unname(unclass(lavInspect(fit, "sampstat")$res.cov)), slopes = unname(unclass(lavInspect(fit, "sampstat")$res.slopes)),
       mean_x = as.numeric(lavInspect(fit, "sampstat")$mean.x), cov_x = unname(unclass(lavInspect(fit, "sampstat")$cov.x)))
}
result <- list(versions = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan"))),
               ordered = statistics(c("A1", "A3", "A5", "N1"), c("A1", "A3", "A5", "N1"), c("age", "gender")),
               group = statistics(c("A2", "A4", "A5"), c("A2", "A4", "A5"), "gender"),
               mixed = statistics(c("A1", "education", "A3", "N2", "C5"), c("A1", "A3", "N2"), c("age", "gender")))
writeLines(toJSON(result, digits = 12, auto_unbox = TRUE, matrix = "rowmajor"), "tests/reference/sem_conditional_ordinal.json")
