# Writes tests/reference/sem_apart.json: two items that nobody answered together under FIML, and sampling weights with
# groups under FIML. Run from the top folder: Rscript tests/reference/scripts/sem_apart.R
suppressMessages({library(lavaan); library(jsonlite)})
HS <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9"
hs <- HolzingerSwineford1939
apart <- hs; apart$x1[1:150] <- NA; apart$x2[151:301] <- NA
measures <- c("chisq", "df", "cfi", "tli", "rmsea", "logl", "unrestricted.logl", "aic", "bic")
one <- function(estimator) {
  fit <- suppressWarnings(cfa(HS, apart, missing = "fiml", estimator = estimator))
  pe <- subset(parameterEstimates(fit), op == "=~" & se > 0)
  list(measures = as.list(round(fitMeasures(fit, measures), 8)), loadings = pe$est, errors = pe$se)
}
# Weights .5, 1 and 1.5 by turns of three within each school, over 153 and 144 people: effective sizes are whole numbers.
# In "broken" they are not, and lavaan 0.6-14 cuts them to whole numbers in the robust measures (sample.nobs of moments).
some <- do.call(rbind, lapply(split(hs, hs$school), function(d) d[seq_len(3 * (nrow(d) %/% 3)), ]))
some$whole <- c(.5, 1, 1.5)[1 + (seq_len(nrow(some)) - 1) %% 3]
some$broken <- .5 + (seq_len(nrow(some)) %% 5) / 4
for (j in 1:9) some[[paste0("x", j)]][seq_len(nrow(some)) %% 11 == j] <- NA
weighted <- function(w, estimator) {
  fit <- cfa(HS, some, missing = "fiml", estimator = estimator, sampling.weights = w, group = "school")
  out <- lavaan:::lav_fit_fiml_corrected(fit)
  list(sizes = unlist(fit@SampleStats@nobs), chisq = out$XX3, c = out$c.hat3, base_chisq = out$XX3.null,
       measures = as.list(fitMeasures(fit, c("chisq", "cfi.robust", "tli.robust", "rmsea.robust", "rmsea.ci.upper.robust"))))
}
both <- function(w) list(ML = weighted(w, "ML"), MLR = weighted(w, "MLR"))
data <- some[, c("school", "whole", "broken", paste0("x", 1:9))]
result <- list(apart = list(ML = one("ML"), MLR = one("MLR")), weights = list(whole = both("whole"), broken = both("broken")))
writeLines(toJSON(list(made_by = "tests/reference/scripts/sem_apart.R", R = R.version.string,
                       packages = list(lavaan = as.character(packageVersion("lavaan"))), results = result),
                  digits = NA, auto_unbox = TRUE, pretty = TRUE), "tests/reference/sem_apart.json")
