# The tables of notebook 01 by psych, lavaan, semTools, GPArotation and MASS: seconds of each part, one line each.
# Rscript whole_report.R DATA.csv ITEMS-OF-A-DIMENSION RESAMPLES
# A part's name, its seconds, and how many of the report's resamples were made (1 where it has none) are printed; the
# caller multiplies. Options are those of the report: robust ML, oblimin, 95 % intervals, groups by `level`.
suppressMessages({library(psych); library(lavaan); library(semTools); library(GPArotation); library(MASS)})
arguments <- commandArgs(TRUE)
data <- read.csv(arguments[1])
per <- as.integer(arguments[2])
few <- as.integer(arguments[3])
names_of <- setdiff(names(data), c("respondent", "organisation", "industry", "level", "function.", "unit", "ENPS"))
items <- names_of[grepl("[0-9]$", names_of)]
sets <- split(items, rep(seq_len(length(items) / per), each = per))
x <- data[items]
quiet <- function(value) {
  sink(tempfile()); on.exit(sink())
  suppressMessages(suppressWarnings(force(value)))
}
part <- function(name, made, value) {
  seconds <- system.time(quiet(value))[["elapsed"]]
  cat(name, seconds, made, "\n")
  flush(stdout())
}
measured <- function(names, label) paste(label, "=~", paste(names, collapse = " + "))
factors <- paste0("f", seq_along(sets))
correlated <- paste(mapply(measured, sets, factors), collapse = "\n")
fit <- NULL

part("answers", 1, lapply(x, function(one) prop.table(table(factor(one, 1:7)))))
part("screening", 1, {
  mahalanobis(x, colMeans(x), cov(x))
  apply(x, 1, function(one) max(rle(one)$lengths))
  apply(x, 1, sd)
})
part("items", 1, {describe(x); lapply(sets, function(one) alpha(x[one])$item.stats)})
part("alpha", 1, lapply(sets, function(one) alpha(x[one])))
part("omega", 1, lapply(seq_along(sets), function(k) {
  reliability(cfa(measured(sets[[k]], factors[k]), x, estimator = "MLR", std.lv = TRUE))
}))
part("omega, resamples", few, for (k in seq_along(sets)) {
  model <- measured(sets[[k]], factors[k])
  for (time in seq_len(few)) {
    again <- x[sample(nrow(x), replace = TRUE), ]
    reliability(cfa(model, again, std.lv = TRUE, se = "none", test = "none"))
  }
})
part("split halves", 1, lapply(sets, function(one) splitHalf(x[one], raw = TRUE)))
part("hierarchical omega", 1, omega(x, nfactors = length(sets), plot = FALSE))
part("adequacy", 1, {KMO(x); cortest.bartlett(cor(x), nrow(x))})
part("parallel, resamples", few, fa.parallel(x, fm = "minres", fa = "fa", n.iter = few, plot = FALSE, quant = .95))
part("number of factors", 1, {vss(x, n = 12, rotate = "none", fm = "minres", plot = FALSE)})
part("factors", 1, fa(x, length(sets), rotate = "oblimin", fm = "minres"))
part("structure", 1, {
  fit <- cfa(correlated, data, estimator = "MLR")
  fitMeasures(fit); standardizedSolution(fit)
})
part("misfit", 1, {modindices(fit); residuals(fit, type = "cor")})
higher <- paste(correlated, measured(factors, "g"), sep = "\n")
part("competing structures", 1, {
  one <- cfa(measured(items, "g"), data, estimator = "MLR")
  second <- cfa(higher, data, estimator = "MLR")
  bifactor <- cfa(paste(correlated, measured(items, "g"), sep = "\n"), data, estimator = "MLR", orthogonal = TRUE,
                  std.lv = TRUE)
  lapply(list(one, second, bifactor), fitMeasures)
  lavTestLRT(fit, one, second)
})
part("convergent", 1, {AVE(fit); reliability(fit)})
part("discriminant", 1, {htmt(correlated, data); htmt(correlated, data, htmt2 = TRUE); standardizedSolution(fit)})
part("discriminant, resamples", few, for (time in seq_len(few)) {
  again <- data[sample(nrow(data), replace = TRUE), ]
  htmt(correlated, again)
  htmt(correlated, again, htmt2 = TRUE)
})
part("common method", 1, {
  fa(x, 1, fm = "minres")
  equal <- paste(correlated, paste("m =~", paste0("a*", items, collapse = " + ")), sep = "\n")
  free <- paste(correlated, measured(items, "m"), sep = "\n")
  apart <- paste(paste0("m ~~ 0*", factors), collapse = "\n")
  fits <- lapply(c(equal, free), function(model) cfa(paste(model, apart, sep = "\n"), data, estimator = "MLR",
                                                     std.lv = TRUE))
  lapply(fits, fitMeasures)
})
part("invariance", 1, for (k in seq_along(sets)) {
  model <- measured(sets[[k]], factors[k])
  steps <- list("", "loadings", c("loadings", "intercepts"), c("loadings", "intercepts", "residuals"))
  fits <- lapply(steps, function(equal) cfa(model, data, group = "level", estimator = "MLR", group.equal = equal))
  lapply(fits, fitMeasures)
  do.call(lavTestLRT, fits)
})
part("differential item functioning", 1, for (one in sets) {
  total <- rowMeans(x[one])
  for (item in one) {
    answer <- factor(x[[item]], ordered = TRUE)
    a <- polr(answer ~ total); b <- polr(answer ~ total + data$level); c <- polr(answer ~ total * data$level)
    anova(a, b, c)
  }
})
