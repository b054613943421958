# Reference values for omega with missing answers in tests/validation/test_missing_answers.py. From the root:
#   Rscript tests/reference/scripts/omega_missing.R
suppressMessages({library(jsonlite); library(lavaan); library(semTools)})
bfi <- read.csv("datasets/bfi/data.csv")
quiet <- function(expr) { sink(tempfile()); on.exit(sink()); suppressMessages(suppressWarnings(force(expr))) }
reversed <- c("A1", "C4", "C5", "E1", "E2", "O2", "O5")
bfi[reversed] <- 7 - bfi[reversed]
scales <- c(agreeableness = "A", conscientiousness = "C", extraversion = "E", neuroticism = "N", openness = "O")
one <- function(letter) {
  x <- bfi[paste0(letter, 1:5)]
  fit <- quiet(cfa(paste("f =~", paste(names(x), collapse = "+")), x, std.lv = TRUE, missing = "fiml",
                   em.h1.tol = 1e-12, em.h1.iter.max = 1e5, control = list(rel.tol = 1e-14)))
  list(n = lavInspect(fit, "nobs"), omega = unname(unclass(compRelSEM(fit))[1]),
       implied = unname(unclass(compRelSEM(fit, obs.var = FALSE))[1]))
}
writeLines(toJSON(list(results = list(bfi = lapply(scales, one))), digits = 12, auto_unbox = TRUE), "tests/reference/omega_missing.json")
