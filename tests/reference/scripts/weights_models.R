# Reference values for tests/validation/test_weighted_models.py: models of weighted answers.
# Run from the top folder: Rscript tests/reference/scripts/weights_models.R. Writes tests/reference/weights_models.json.
# The weights are made up: 1 + (7 * row mod 5) / 2, so that the tests can make them again.
suppressMessages({library(lavaan); library(semTools); library(jsonlite)})
bfi <- read.csv("datasets/bfi/data.csv")
for (k in c("A1", "C4", "C5")) bfi[[k]] <- 7 - bfi[[k]]  # as the instrument turns them round
bfi$w <- 1 + ((7 * seq_len(nrow(bfi))) %% 5) / 2
A <- paste0("A", 1:5); C <- paste0("C", 1:5)
one <- paste("agreeableness =~", paste(A, collapse = " + "))
two <- paste(one, paste("conscientiousness =~", paste(C, collapse = " + ")), sep = "\n")
wanted <- c("chisq", "df", "chisq.scaled", "pvalue.scaled", "cfi.robust", "tli.robust", "rmsea.robust",
            "rmsea.ci.lower.robust", "rmsea.ci.upper.robust", "cfi.scaled", "tli.scaled", "rmsea.scaled",
            "rmsea.ci.lower.scaled", "rmsea.ci.upper.scaled", "srmr", "aic", "bic")
measures <- function(f) { m <- fitMeasures(f); as.list(m[intersect(wanted, names(m))]) }
solution <- function(f) {
  s <- standardizedSolution(f); p <- parameterEstimates(f)
  load <- s$op == "=~"; r <- s$op == "~~" & s$lhs != s$rhs
  list(n = lavInspect(f, "ntotal"), fit = measures(f), items = s$rhs[load], loading = s$est.std[load], se = s$se[load],
       low = s$ci.lower[load], high = s$ci.upper[load], estimate = p$est[p$op == "=~"],
       r = as.list(setNames(s[r, c("est.std", "ci.lower", "ci.upper")], c("est", "low", "high"))))
}
scale_of <- function(f) list(omega = as.numeric(compRelSEM(f)), ave = as.numeric(AVE(f)))
misfit <- function(f) {
  m <- modindices(f); list(lhs = m$lhs, op = m$op, rhs = m$rhs, mi = m$mi, sepc = m$sepc.all)
}
fit <- function(model, ...) suppressWarnings(cfa(model, bfi, std.lv = TRUE, sampling.weights = "w", ...))
difference <- function(a, b) { t <- lavTestLRT(a, b); list(chisq = t[2, "Chisq diff"], df = t[2, "Df diff"], p = t[2, "Pr(>Chisq)"]) }

continuous <- list()
for (how in c("listwise", "fiml")) {
  a <- fit(one, estimator = "MLR", missing = how); b <- fit(two, estimator = "MLR", missing = how)
  s <- fit(two, estimator = "MLR", missing = how, orthogonal = TRUE)
  continuous[[how]] <- list(one = c(solution(a), scale_of(a), list(misfit = misfit(a))),
                            two = c(solution(b), scale_of(b)), difference = difference(b, s))
}
# Correlations of all items given, weighted; HTMT from them by its formula.
x <- bfi[complete.cases(bfi[, c(A, C)]), ]; r <- abs(cov.wt(x[, c(A, C)], x$w, cor = TRUE)$cor)
within <- function(k) mean(r[k, k][lower.tri(r[k, k])]); geometric <- function(v) exp(mean(log(v)))
within2 <- function(k) geometric(r[k, k][lower.tri(r[k, k])])
htmt <- list(htmt = mean(r[A, C]) / sqrt(within(A) * within(C)), htmt2 = geometric(r[A, C]) / sqrt(within2(A) * within2(C)))

steps <- list(configural = "", metric = "loadings", scalar = c("loadings", "intercepts"),
              strict = c("loadings", "intercepts", "residuals"))
ladder <- function(how) {
  fits <- lapply(steps, function(equal) fit(one, group = "gender", group.equal = equal, estimator = "MLR", missing = how))
  list(steps = lapply(fits, measures), differences = list(metric = difference(fits[[1]], fits[[2]]),
       scalar = difference(fits[[2]], fits[[3]])))
}
invariance <- list(listwise = ladder("listwise"), fiml = ladder("fiml"))

ordered_fit <- function(model, ...) fit(model, ordered = TRUE, estimator = "WLSMV", ...)
o1 <- ordered_fit(one); o2 <- ordered_fit(two); o3 <- ordered_fit(one, missing = "pairwise")
ordered <- list(one = c(solution(o1), list(thresholds = as.numeric(lavInspect(o1, "thresholds")),
                  polychoric = unname(matrix(as.numeric(lavInspect(o1, "sampstat")$cov), 5)),
                  gamma = as.numeric(diag(lavInspect(o1, "gamma"))), omega = as.numeric(compRelSEM(o1)))),
                two = solution(o2), pairwise = solution(o3))
result <- list(continuous = continuous, htmt = htmt, invariance = invariance, ordered = ordered)
versions <- sapply(c("lavaan", "semTools"), function(p) as.character(packageVersion(p)))
writeLines(toJSON(list(made_by = "tests/reference/scripts/weights_models.R", R = R.version.string,
                       packages = as.list(versions), results = result), digits = NA, auto_unbox = TRUE),
           "tests/reference/weights_models.json")
