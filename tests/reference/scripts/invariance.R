# Reference values for tests/validation/test_invariance.py and test_dif.py:
# Rscript tests/reference/scripts/invariance.R, from the repository's top folder.
suppressMessages({library(jsonlite); library(lavaan); library(semTools); library(MASS)})
bfi <- read.csv("datasets/bfi/data.csv")
bfi$A1 <- 7 - bfi$A1  # as the instrument turns it round
hs <- read.csv("datasets/hs1939/data.csv")
wanted <- c("chisq", "df", "cfi", "rmsea", "srmr", "chisq.scaled", "cfi.scaled", "rmsea.scaled", "cfi.robust",
            "rmsea.robust")
measures <- function(fit) { m <- fitMeasures(fit); as.list(m[intersect(wanted, names(m))]) }
difference <- function(a, b) { t <- lavTestLRT(a, b); list(chisq = t[2, "Chisq diff"], df = t[2, "Df diff"]) }

A <- "agreeableness =~ A1 + A2 + A3 + A4 + A5"
N <- "neuroticism =~ N1 + N2 + N3 + N4 + N5"
AN <- paste(A, N, sep = "\n")
steps <- list(configural = "", metric = "loadings", scalar = c("loadings", "intercepts"),
              strict = c("loadings", "intercepts", "residuals"))
ladder <- function(model, data, group, ...) {
  fits <- lapply(steps, function(equal) cfa(model, data, group = group, group.equal = equal, std.lv = TRUE, ...))
  list(steps = lapply(fits, measures), differences = list(metric = difference(fits[[1]], fits[[2]]),
       scalar = difference(fits[[2]], fits[[3]]), strict = difference(fits[[3]], fits[[4]])))
}
continuous <- list(
  agree_gender_mlr = ladder(A, bfi, "gender", estimator = "MLR"),
  agree_gender_ml = ladder(A, bfi, "gender", estimator = "ML"),
  neuro_gender_fiml = ladder(N, bfi, "gender", estimator = "MLR", missing = "fiml"),
  an_gender_mlr = ladder(AN, bfi, "gender", estimator = "MLR"),
  neuro_education_mlr = ladder(N, bfi[!is.na(bfi$education), ], "education", estimator = "MLR")
)
HS <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
hs_fit <- function(equal, partial) cfa(HS, hs, group = "school", group.equal = equal, group.partial = partial)
hs_metric <- hs_fit("loadings", NULL)
hs_partial <- hs_fit(c("loadings", "intercepts"), c("x3 ~ 1", "x7 ~ 1"))
partial <- list(hs_school = list(measures = measures(hs_partial), difference = difference(hs_metric, hs_partial),
                score_tests = lavTestScore(hs_fit(c("loadings", "intercepts"), NULL))$uni$X2))

b <- na.omit(bfi[, c(paste0("A", 1:5), "gender")])
ordered_fit <- function(equal, partial = "") measEq.syntax(A, data = b, ordered = paste0("A", 1:5),
  parameterization = "theta", ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group = "gender", group.equal = equal,
  group.partial = partial, return.fit = TRUE)
t <- "thresholds"; tl <- c(t, "loadings"); tli <- c(tl, "intercepts"); all <- c(tli, "residuals")
ordinal_fits <- list(configural = ordered_fit(""), thresholds = ordered_fit(t), metric = ordered_fit(tl),
                     scalar = ordered_fit(tli), strict = ordered_fit(all),
                     threshold_free = ordered_fit(t, "A2 | t3"), loading_free = ordered_fit(tl, "agreeableness =~ A4"),
                     intercept_free = ordered_fit(tli, "A1 ~ 1"),
                     residual_free = ordered_fit(all, c("A1 ~ 1", "A3 ~~ A3")))
f <- ordinal_fits
ordinal <- list(steps = lapply(f, measures), differences = list(
  thresholds = difference(f$configural, f$thresholds), metric = difference(f$thresholds, f$metric),
  scalar = difference(f$metric, f$scalar), intercept_free = difference(f$metric, f$intercept_free),
  strict = difference(f$scalar, f$strict)))

# Differential item functioning by ordered logistic regression on the plain sum of the dimension.
logits <- function(items, group, data) {
  data <- na.omit(data[, c(items, group)]); g <- factor(data[[group]])
  total <- rowSums(data[, items]); z <- (total - mean(total)) / sqrt(mean((total - mean(total))^2))
  lapply(setNames(items, items), function(item) {
    y <- factor(data[[item]]); n <- length(y)
    tight <- list(reltol = 1e-15, maxit = 2000)
    f0 <- polr(y ~ 1, control = tight); f1 <- polr(y ~ z, control = tight); f2 <- polr(y ~ z + g, control = tight)
    f3 <- polr(y ~ z * g, control = tight)
    l <- sapply(list(f0, f1, f2, f3), function(f) as.numeric(logLik(f)))
    nagelkerke <- function(k) (1 - exp(2 * (l[1] - l[k]) / n)) / (1 - exp(2 * l[1] / n))
    list(loglik = l, slopes = unname(coef(f3)), cuts = unname(f3$zeta), uniform = unname(coef(f2)),
         nagelkerke = nagelkerke(4) - nagelkerke(2), nagelkerke_uniform = nagelkerke(3) - nagelkerke(2),
         mcfadden = (l[2] - l[4]) / l[1], n = n)
  })
}
p <- c(0.2, 0.001, 0.04, 0.5, 0.011, 0.04)
results <- list(continuous = continuous, partial = partial, ordinal = ordinal,
  dif = list(neuro_gender = logits(paste0("N", 1:5), "gender", bfi),
             agree_education = logits(paste0("A", 1:5), "education", bfi)),
  adjust = list(p = p, holm = p.adjust(p, "holm"), BH = p.adjust(p, "BH")))
meta <- list(script = "tests/reference/scripts/invariance.R", R = R.version.string,
  packages = list(lavaan = as.character(packageVersion("lavaan")), semTools = as.character(packageVersion("semTools")),
                  MASS = as.character(packageVersion("MASS"))))
write_json(list(meta = meta, results = results), "tests/reference/invariance.json", auto_unbox = TRUE, digits = NA,
           pretty = TRUE)
