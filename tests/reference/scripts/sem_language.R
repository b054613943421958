# Values of lavaan 0.6-14 for what its language says besides relations: equal(), constraints on definitions, thresholds
# that declare an item ordered, growth(). Run from the root of the repository.
suppressMessages({library(lavaan); library(jsonlite)})
hs <- read.csv("datasets/hs1939/data.csv")
bfi <- na.omit(read.csv("datasets/bfi/data.csv")[, c("A1", "A2", "A3", "A4")])
res <- list()
add <- function(name, fit) {
  pe <- parameterEstimates(fit)
  res[[name]] <<- list(
    fit = lapply(as.list(fitMeasures(fit, c("chisq", "df", "cfi", "rmsea"))), signif, 10),
    lhs = pe$lhs, op = pe$op, rhs = pe$rhs, est = signif(pe$est, 9), se = signif(pe$se, 9)
  )
}
curve <- "i =~ 1*x1 + 1*x2 + 1*x3 + 1*x7\ns =~ 0*x1 + 1*x2 + 2*x3 + 3*x7\ni ~ ageyr"
add("equal", sem('f =~ x1 + x2 + equal("f=~x2")*x3 + x4', hs))
add("equal_residual", sem('f =~ x1 + x2 + x3 + x4\nx2 ~~ equal("x1~~x1")*x2', hs))
add("equal_label", sem('f =~ x1 + a*x2 + equal("a")*x3 + x4', hs))
add("defined_constraint", sem("f =~ x1 + a*x2 + b*x3 + x4\nd := a - b\nd == 0.1", hs))
add("growth", growth(curve, hs))
add("growth_groups", growth(curve, hs, group = "school", group.equal = "regressions"))
add("threshold_declares", sem("f =~ A1 + A2 + A3 + A4\nA1 | t1", bfi))
meta <- list(script = "sem_language.R", R = R.version.string, lavaan = as.character(packageVersion("lavaan")))
writeLines(toJSON(list(meta = meta, results = res), digits = NA, auto_unbox = TRUE, na = "null"),
           "tests/reference/sem_language.json")
