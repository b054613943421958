# Reference values of the test that no two items correlate, for tests/validation/test_adequacy.py. From the root:
#   Rscript tests/reference/scripts/uncorrelated_items.R
suppressMessages({library(jsonlite); library(lavaan)})
bfi <- read.csv("datasets/bfi/data.csv")
one <- function(items) {
  x <- bfi[items]
  fit <- cfa(paste0(items, " ~~ ", items, collapse = "\n"), x, missing = "fiml", meanstructure = TRUE,
             em.h1.tol = 1e-13, em.h1.iter.max = 1e5)
  x <- x[rowSums(!is.na(x)) > 0, ]
  both <- crossprod(!is.na(x))
  list(n = lavInspect(fit, "nobs"), chisq = unname(fitMeasures(fit, "chisq")), df = unname(fitMeasures(fit, "df")),
       together = 1 / mean(1 / both[upper.tri(both)]))
}
scales <- list(neuroticism = paste0("N", 1:5), openness = paste0("O", 1:5))
writeLines(toJSON(list(results = lapply(scales, one)), digits = 12, auto_unbox = TRUE),
           "tests/reference/uncorrelated_items.json")
