# Reference values for tests/validation/test_invariance_rule.py:
# Rscript tests/reference/scripts/invariance_ordered.R, from the repository's top folder.
suppressMessages({library(jsonlite); library(lavaan); library(semTools)})
steps <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"),
              scalar = c("thresholds", "loadings", "intercepts"),
              strict = c("thresholds", "loadings", "intercepts", "residuals"))
fitted <- function(items, data, group, equal, partial = "")
  measEq.syntax(paste("all =~", paste(items, collapse = " + ")), data = data, ordered = items,
    parameterization = "theta", ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group = group, group.equal = equal,
    group.partial = partial, return.fit = TRUE)
# The ladder of ordered answers with its differences, by lavTestLRT's default for scaled and shifted tests.
ladder <- function(items, data, group) {
  fits <- lapply(steps, function(equal) fitted(items, data, group, equal))
  tests <- lapply(2:5, function(k) lavTestLRT(fits[[k - 1]], fits[[k]]))
  get <- function(name) sapply(tests, function(t) t[2, name])
  list(n = unname(lavInspect(fits[[1]], "nobs")), chisq = get("Chisq diff"), df = get("Df diff"),
       p = get("Pr(>Chisq)"))
}
bfi <- read.csv("datasets/bfi/data.csv")
bfi$A1 <- 7 - bfi$A1  # as the instrument turns it round
lq <- read.csv("datasets/lq2002/data.csv")
lq$part <- ifelse(lq$COMPID <= 12, "one", "rest")
items <- list(agreeableness = paste0("A", 1:5), neuroticism = paste0("N", 1:5))
complete <- function(data, columns) na.omit(data[, columns])
ladders <- list(
  agreeableness = ladder(items$agreeableness, complete(bfi, c(items$agreeableness, "gender")), "gender"),
  neuroticism = ladder(items$neuroticism, complete(bfi, c(items$neuroticism, "gender")), "gender"),
  leadership = ladder(paste0("LEAD0", 1:5), lq, "part")
)
# One loading of agreeableness let go: against the level below, and what letting it go gains.
a <- complete(bfi, c(items$agreeableness, "gender"))
free <- fitted(items$agreeableness, a, "gender", steps$metric, "all =~ A5")
values <- function(test) list(chisq = test[2, "Chisq diff"], df = test[2, "Df diff"], p = test[2, "Pr(>Chisq)"])
release <- list(chisq.scaled = unname(fitMeasures(free, "chisq.scaled")),
  below = values(lavTestLRT(fitted(items$agreeableness, a, "gender", steps$thresholds), free)),
  gain = values(lavTestLRT(free, fitted(items$agreeableness, a, "gender", steps$metric))))
# One error rate over both dimensions of bfi.
both <- p.adjust(c(ladders$agreeableness$p, ladders$neuroticism$p), "holm")
results <- list(ladders = ladders, release = release, bfi_holm = both, lq_holm = p.adjust(ladders$leadership$p, "holm"))
meta <- list(script = "tests/reference/scripts/invariance_ordered.R", R = R.version.string,
  packages = list(lavaan = as.character(packageVersion("lavaan")), semTools = as.character(packageVersion("semTools"))))
write_json(list(meta = meta, results = results), "tests/reference/invariance_ordered.json", auto_unbox = TRUE, digits = NA,
           pretty = TRUE)
