# Reference values for tests/validation/test_invariance_binary.py:
# Rscript tests/reference/scripts/invariance_binary.R, from the repository's top folder.
suppressMessages({library(jsonlite); library(lavaan); library(semTools)})
steps <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"),
              scalar = c("thresholds", "loadings", "intercepts"),
              strict = c("thresholds", "loadings", "intercepts", "residuals"))
items <- paste0("N", 1:5)
bfi <- na.omit(read.csv("datasets/bfi/data.csv")[, c(items, "gender")])
halved <- function(names) { data <- bfi; for (name in names) data[[name]] <- 1 * (data[[name]] > 3); data }
syntax <- function(data, equal, parameterization) as.character(do.call(measEq.syntax, list(
  paste("all =~", paste(items, collapse = " + ")), data = data, ordered = items, parameterization = parameterization,
  ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group = "gender", group.equal = equal)))
fitted <- function(model, data, parameterization)
  cfa(model, data = data, ordered = items, group = "gender", parameterization = parameterization)
# What semTools gives for every set of equalities; theta only where residuals are equal.
measures <- function(data, parameterization, names) lapply(steps[names], function(equal)
  as.list(fitMeasures(fitted(syntax(data, equal, parameterization), data, parameterization),
                      c("npar", "df", "chisq", "chisq.scaled"))))
# The ladder that tests what can be tested: of items with two answers, residuals are free while intercepts are
# (Wu & Estabrook 2016), for which semTools writes c(1, 1).
ladder <- function(data, names, binary) {
  fits <- lapply(names, function(name) {
    model <- syntax(data, steps[[name]], "theta")
    if (name == "metric") for (item in binary)
      model <- sub(sprintf("%s ~~ c(1, 1)*%s", item, item), sprintf("%s ~~ c(1, NA)*%s", item, item), model, fixed = TRUE)
    fitted(model, data, "theta")
  })
  tests <- lapply(seq_along(fits)[-1], function(k) lavTestLRT(fits[[k - 1]], fits[[k]]))
  get <- function(name) sapply(tests, function(t) t[2, name])
  list(level = names, df = sapply(fits, fitMeasures, "df"), chisq = sapply(fits, fitMeasures, "chisq.scaled"),
       d_chisq = get("Chisq diff"), d_df = get("Df diff"), p = get("Pr(>Chisq)"))
}
mixed <- halved(c("N4", "N5")); binary <- halved(items)
results <- list(
  steps = list(mixed = list(theta = measures(mixed, "theta", names(steps)), delta = measures(mixed, "delta", names(steps)[1:4])),
               binary = list(theta = measures(binary, "theta", names(steps)), delta = measures(binary, "delta", names(steps)[1:4]))),
  ladders = list(mixed = ladder(mixed, names(steps), c("N4", "N5")),
                 binary = ladder(binary, c("configural", "scalar", "strict"), character(0))))
meta <- list(script = "tests/reference/scripts/invariance_binary.R", R = R.version.string,
  packages = list(lavaan = as.character(packageVersion("lavaan")), semTools = as.character(packageVersion("semTools"))))
write_json(list(meta = meta, results = results), "tests/reference/invariance_binary.json", auto_unbox = TRUE, digits = NA,
           pretty = TRUE)
