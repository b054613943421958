# Residuals of correlations and standardised residuals by lavaan 0.6-14, for every estimator, with groups, means, missing
# answers, ordered items and predictors; the scaled test of `cluster =` without an estimator; GFI, SRMR and their relatives
# with weights and with mixed items; average variance extracted by semTools 0.5-6.
# Run from the folder that holds data/.
suppressMessages({library(lavaan); library(jsonlite)})
D <- Sys.getenv("SEM_DATA", "data"); OUT <- Sys.getenv("SEM_OUT", "sem_measures.json")
rd <- function(f) read.csv(file.path(D, f))
residual <- list(); cluster <- list()
flat <- function(m) { m <- unclass(as.matrix(m)); list(names = I(rownames(m)), values = signif(unname(m)[lower.tri(m, diag = TRUE)], 8)) }
column <- function(v) list(names = I(names(v)), values = I(signif(as.numeric(v), 8)))
block <- function(r) {
  out <- list(cov = flat(r$cov))
  for (k in c("mean", "th")) if (!is.null(r[[k]])) out[[k]] <- column(r[[k]])
  out
}
add <- function(name, fit) {
  if (!lavInspect(fit, "converged")) { stop(name, " did not converge") }
  for (type in c("cor.bollen", "standardized")) {
    r <- tryCatch(residuals(fit, type = type), error = function(e) { message(name, " ", type, ": ", conditionMessage(e)); NULL })
    if (is.null(r)) next
    r <- if (lavInspect(fit, "ngroups") > 1) unname(lapply(r, block)) else list(block(r))
    residual[[name]][[type]] <<- r
  }
}
# Where lavaan stops ("could not invert h1 information", or no z-values): Q Gamma Q' / n with Q = I - D (D'VD)^-1 D'V
# from its own Delta, Gamma and weights of one group; Browne (1984).
by_hand <- function(name, fit) {
  D <- lavTech(fit, "delta")[[1]]; G <- lavTech(fit, "gamma")[[1]]; V <- diag(lavTech(fit, "wls.v")[[1]] |> (\(v) if (is.matrix(v)) diag(v) else v)())
  Q <- diag(nrow(D)) - D %*% solve(t(D) %*% V %*% D) %*% t(D) %*% V
  z <- (lavTech(fit, "wls.obs")[[1]] - lavTech(fit, "wls.est")[[1]]) / sqrt(pmax(diag(Q %*% G %*% t(Q)) / lavTech(fit, "nobs"), 1e-20))
  residual[[name]][["by_hand"]] <<- I(signif(as.numeric(z), 8))
}
hs <- rd("lavaan_hs1939.csv"); hm <- rd("hs1939_missing.csv"); bfi <- rd("psych_bfi.csv"); lq <- rd("multilevel_lq2002.csv")
HS <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9"
for (e in c("ML", "MLR", "MLM", "MLMV", "GLS", "ULS", "WLS")) add(paste0("hs_", tolower(e)), cfa(HS, hs, estimator = e))
add("ulsm", cfa(HS, hs, estimator = "ULSM"))
add("dwls_cont", cfa(HS, hs, estimator = "DWLS"))
add("wlsmv_cont", cfa(HS, hs, estimator = "WLSMV"))
add("wls_means", cfa(HS, hs, estimator = "WLS", meanstructure = TRUE))
add("hs_ml_observed_info", cfa(HS, hs, information = "observed"))
add("hs_ml_expected_wishart", cfa(HS, hs, likelihood = "wishart"))
add("hs_ml_meanstructure", cfa(HS, hs, meanstructure = TRUE))
add("growth", sem("i =~ 1*x1+1*x2+1*x3\ns =~ 0*x1+1*x2+2*x3\nx1~0*1\nx2~0*1\nx3~0*1\ni~1\ns~1\ns~~0*s\ni~~0*s", hs))
add("hs_school_ml.scalar", cfa(HS, hs, group = "school", group.equal = c("loadings", "intercepts")))
add("hs_school_mlr.scalar", cfa(HS, hs, group = "school", group.equal = c("loadings", "intercepts"), estimator = "MLR"))
add("gls_groups", cfa(HS, hs, group = "school", group.equal = "loadings", estimator = "GLS"))
add("uls_groups", cfa(HS, hs, group = "school", estimator = "ULS"))
add("mlm_groups", cfa(HS, hs, group = "school", group.equal = "loadings", estimator = "MLM"))
add("hs_missing_fiml", cfa(HS, hm, missing = "fiml", em.h1.tol = 1e-10))
add("hs_missing_mlr_fiml", cfa(HS, hm, missing = "fiml", em.h1.tol = 1e-10, estimator = "MLR"))
add("fiml_groups_mlr", cfa(HS, hm, missing = "fiml", em.h1.tol = 1e-10, estimator = "MLR", group = "school", group.equal = c("loadings", "intercepts")))
MIMIC <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nvisual ~ ageyr + sex\ntextual ~ visual + ageyr"
add("mimic_mlr", sem(MIMIC, hs, estimator = "MLR"))
add("mimic_groups", sem(MIMIC, hs, group = "school"))
add("random_predictors", sem(paste(HS, "visual ~ ageyr + sex", sep = "\n"), hs, fixed.x = FALSE))
add("gls_predictors", sem(paste(HS, "visual ~ ageyr + sex\nspeed ~ visual + textual", sep = "\n"), hs, estimator = "GLS"))
add("uls_predictors", sem(paste(HS, "visual ~ ageyr", sep = "\n"), hs, estimator = "ULS"))
for (n in c("hs_uls", "ulsm")) by_hand(n, cfa(HS, hs, estimator = "ULSM"))
for (n in c("dwls_cont", "wlsmv_cont")) by_hand(n, cfa(HS, hs, estimator = "WLSM"))
all <- na.omit(bfi[, 2:26]); I5 <- paste0("A", 1:5); J5 <- paste0("N", 1:5); A5 <- "A =~ A1+A2+A3+A4+A5"
add("bfi_agree_wlsmv", cfa(A5, all, ordered = I5))
add("bfi_agree_wls", cfa(A5, all, ordered = I5, estimator = "WLS"))
mix <- hs; for (v in c("x1", "x2", "x4")) mix[[v]] <- as.integer(cut(mix[[v]], quantile(mix[[v]], c(0, .2, .5, .8, 1)), include.lowest = TRUE))
add("mixed_wlsmv", cfa("visual =~ x1+x2+x3\ntextual =~ x4+x5+x6", mix, ordered = c("x1", "x2", "x4")))
by_hand("mixed_wlsmv", cfa("visual =~ x1+x2+x3\ntextual =~ x4+x5+x6", mix, ordered = c("x1", "x2", "x4")))
an <- na.omit(bfi[, c(I5, J5, "gender")])
add("ordinal_delta_groups", cfa(A5, an, ordered = I5, group = "gender", group.equal = "loadings"))
measures <- c("chisq.scaled", "chisq.scaling.factor", "cfi.scaled", "cfi.robust", "rmsea.robust", "scaling.factor.h0", "scaling.factor.h1", "baseline.chisq.scaled")
with <- function(name, fit) cluster[[name]] <<- as.list(signif(unclass(fitMeasures(fit, measures)), 10))
hs$cl <- seq_len(301) %% 40; hm$cl <- hs$cl
with("hs", cfa(HS, hs, cluster = "cl"))
with("hs_groups", cfa(HS, hs, cluster = "cl", group = "school", group.equal = "loadings"))
with("fiml", cfa(HS, hm, cluster = "cl", missing = "fiml", em.h1.tol = 1e-10))
with("lq", cfa("fLEAD =~ LEAD01+LEAD02+LEAD03+LEAD04+LEAD05\nfTSIG =~ TSIG01+TSIG02+TSIG03", lq, cluster = "COMPID"))
with("expected", cfa(HS, hs, cluster = "cl", information = "expected"))
with("mimic", sem(MIMIC, hs, cluster = "cl"))
hm$w <- 0.5 + (seq_len(301) %% 5) / 4
several <- list()
fits <- function(name, fit, which) several[[name]] <<- as.list(signif(unclass(fitMeasures(fit, which)), 9))
fits("fiml_weights", cfa(HS, hm, missing = "fiml", sampling.weights = "w"), c("gfi", "agfi", "pgfi"))
family <- c("rmr", "rmr_nomean", "srmr", "srmr_bentler", "srmr_bentler_nomean", "crmr", "crmr_nomean")
M2 <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6"; O3 <- c("x1", "x2", "x4")
fits("mixed_mean", cfa(paste(M2, "x3 ~ 2*1", sep = "\n"), mix, ordered = O3), family)
fits("mixed_variance", cfa(paste(M2, "x3 ~~ .7*x3", sep = "\n"), mix, ordered = O3), family)
fits("mixed_groups", cfa(M2, mix, ordered = O3, group = "school", group.equal = "loadings"), family)
ave <- list()
suppressMessages(library(semTools))
shares <- function(name, fit) { a <- AVE(fit); ave[[name]] <<- if (is.data.frame(a)) lapply(as.list(a)[-1], signif, 9) else as.list(signif(unclass(a), 9)) }
shares("fiml", cfa(HS, hm, missing = "fiml"))
shares("uls", cfa(HS, hs, estimator = "ULS"))
shares("groups", cfa(HS, hs, group = "school", group.equal = c("loadings", "residuals")))
shares("crossed", cfa("visual =~ x1+x2+x3+x9\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9", hs))
writeLines(toJSON(list(meta = list(script = "sem_measures.R", R = R.version.string, lavaan = as.character(packageVersion("lavaan"))), results = list(residuals = residual, cluster = cluster, fit = several, ave = ave)), digits = NA, auto_unbox = TRUE, matrix = "rowmajor", na = "null"), OUT)
