# Factor scores by lavaan 0.6-14's lavPredict of every fifteenth respondent or so, with the rows of the data they belong to.
#
# In several groups lavaan takes the loadings of the first group for the ordered answers of everybody
# (lav_predict_fy_eta.i is called without g); that is set right in a copy of its own code.
# Bartlett scores where an outcome is itself a predictor are left out: lavaan then takes that outcome for a factor.
# customersat_sem has a mean structure here, without which lavaan loses the mean of the observed outcome.
# parameterization = "theta" is left out: lavaan then compares scaled thresholds with unscaled residuals.
# Run from the folder that holds data/.
suppressMessages({library(lavaan); library(jsonlite)})
D <- Sys.getenv("SEM_DATA", "data"); OUT <- Sys.getenv("SEM_OUT", "sem_scores.json")
f <- deparse(lavaan:::lav_predict_eta_ebm_ml)
f <- gsub("theta.sd = theta.sd, ", "theta.sd = theta.sd, g = g, ", f, fixed = TRUE)
stopifnot(any(grepl("g = g, ", f)))
f <- eval(parse(text = f)); environment(f) <- asNamespace("lavaan")
assignInNamespace("lav_predict_eta_ebm_ml", f, "lavaan")
res <- list()
rd <- function(f) read.csv(file.path(D, f))
add <- function(name, fit, methods = c("regression", "bartlett")) {
  out <- list()
  for (m in methods) {
    scores <- lavPredict(fit, method = m, optim.method = "nlminb")
    cases <- lavInspect(fit, "case.idx")
    if (is.matrix(scores)) { scores <- list(scores); cases <- list(cases) }
    rows <- c(); values <- NULL
    for (g in seq_along(scores)) {
      # A few respondents of every group are enough.
      take <- round(seq(1, nrow(scores[[g]]), length.out = if (length(scores) > 1) 5 else 8))
      rows <- c(rows, cases[[g]][take]); values <- rbind(values, unclass(scores[[g]])[take, , drop = FALSE])
    }
    out[[m]] <- list(row = rows, factors = I(colnames(values)), values = signif(unname(values), 9))
  }
  stopifnot(all(is.finite(unlist(lapply(out, `[[`, "values")))))
  res[[name]] <<- out
}
hs <- rd("lavaan_hs1939.csv"); hm <- rd("hs1939_missing.csv"); bfi <- rd("psych_bfi.csv"); pd <- rd("lavaan_politicaldemocracy.csv")
cu <- rd("bayesm_customersat.csv")
HS <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9"
A5 <- "A =~ A1+A2+A3+A4+A5"; AN <- paste(A5, "N =~ N1+N2+N3+N4+N5", sep = "\n")
MIMIC <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nvisual ~ ageyr + sex\ntextual ~ visual + ageyr"
both <- c("regression", "bartlett"); one <- "regression"
for (e in c("ML", "MLR", "MLM", "MLMV", "GLS", "ULS", "WLS")) add(paste0("hs_", tolower(e)), cfa(HS, hs, estimator = e))
add("hs_ml_meanstructure", cfa(HS, hs, meanstructure = TRUE))
add("hs_ml_expected_wishart", cfa(HS, hs, likelihood = "wishart"))
add("hs_missing_listwise", cfa(HS, hm))
add("hs_missing_fiml", cfa(HS, hm, missing = "fiml"))
add("fiml_groups_mlr", cfa(HS, hm, missing = "fiml", estimator = "MLR", group = "school", group.equal = c("loadings", "intercepts")))
add("hs_school_ml.configural", cfa(HS, hs, group = "school"))
add("hs_school_ml.strict_means", cfa(HS, hs, group = "school", group.equal = c("loadings", "intercepts", "residuals", "means")))
add("hs_second_order", cfa(paste(HS, "G =~ visual+textual+speed", sep = "\n"), hs), one)
add("hs_latent_mediation", sem(paste(HS, "textual ~ a*visual\nspeed ~ b*textual + c*visual", sep = "\n"), hs))
add("mimic_mlr", sem(MIMIC, hs, estimator = "MLR"))
add("mimic_groups", sem(MIMIC, hs, group = "school"))
add("random_predictors", sem(paste(HS, "visual ~ ageyr + sex", sep = "\n"), hs, fixed.x = FALSE))
add("gls_predictors", sem(paste(HS, "visual ~ ageyr + sex\nspeed ~ visual + textual", sep = "\n"), hs, estimator = "GLS"))
add("fiml_predictors_mlr", sem(paste(HS, "visual ~ ageyr\nspeed ~ visual + sex", sep = "\n"), hm, missing = "fiml", estimator = "MLR"))
add("growth", sem("i =~ 1*x1+1*x2+1*x3\ns =~ 0*x1+1*x2+2*x3\nx1~0*1\nx2~0*1\nx3~0*1\ni~1\ns~1\ns~~0*s\ni~~0*s", hs))
add("latent_means_known", sem("visual =~ 1*x1+1*x2+1*x3\nx1 ~ 0*1\nx2 ~ 0*1\nx3 ~ 0*1\nvisual ~ 1", hs))
add("single_indicator", sem("visual =~ x1+x2+x3\nage =~ ageyr\nvisual ~ age", hs))
add("customersat_sem", sem("price =~ q2+q3+q4\neffect =~ q5+q6+q7+q8+q9+q10\nq1 ~ price + effect", cu, meanstructure = TRUE))
add("one_item_path_latent", sem("visual =~ x1+x2+x3\nageyr ~ visual\nx9 ~ ageyr + visual", hs, meanstructure = TRUE), one)
add("politicaldemocracy_free", sem("ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem65 =~ y5 + y6 + y7 + y8\ndem60 ~ ind60\ndem65 ~ ind60 + dem60\ny1 ~~ y5\ny2 ~~ y4 + y6\ny3 ~~ y7\ny4 ~~ y8\ny6 ~~ y8", pd))
all <- na.omit(bfi[, 2:26]); names(all) <- names(bfi)[2:26]; rownames(all) <- NULL
I <- paste0("A", 1:5); J <- paste0("N", 1:5)
add("bfi_agree_wlsmv", cfa(A5, all, ordered = I), one)
add("bfi_agree_wls", cfa(A5, all, ordered = I, estimator = "WLS"), one)
mix <- hs; for (v in c("x1", "x2", "x4")) mix[[v]] <- as.integer(cut(mix[[v]], quantile(mix[[v]], c(0, .2, .5, .8, 1)), include.lowest = TRUE))
add("mixed_wlsmv", cfa("visual =~ x1+x2+x3\ntextual =~ x4+x5+x6", mix, ordered = c("x1", "x2", "x4")), one)
an <- na.omit(bfi[, c(I, J, "gender")]); rownames(an) <- NULL
add("ordinal_sem", sem(paste(AN, "A ~ N", sep = "\n"), an, ordered = c(I, J)), one)
add("ordinal_delta_groups", cfa(A5, an, ordered = I, group = "gender", group.equal = "loadings"), one)
b2 <- na.omit(bfi[, c(paste0("E", 1:5), paste0("O", 1:5), "education")]); rownames(b2) <- NULL
for (v in paste0("O", 1:5)) b2[[paste0(v, "t")]] <- cut(b2[[v]], c(0, 2, 4, 6), labels = FALSE)
Ot <- paste0("O", 1:5, "t")
add("ordinal_mixed_ml", cfa("O =~ O1+O2t+O3t+O4+O5", b2, ordered = c("O2t", "O3t"), estimator = "WLSM"), one)
b <- na.omit(bfi[, c(I, J, "gender", "age", "education")]); b$age <- b$age / 100; rownames(b) <- NULL
M1 <- paste(A5, "A ~ age + gender", sep = "\n")
add("mimic_wlsmv", sem(M1, b, ordered = I), one)
add("mimic_ordered_groups", sem(paste(A5, "A ~ age", sep = "\n"), b, ordered = I, group = "gender"), one)
writeLines(toJSON(list(meta = list(script = "sem_scores.R", R = R.version.string, lavaan = as.character(packageVersion("lavaan"))), results = res), digits = NA, auto_unbox = TRUE, matrix = "rowmajor"), OUT)
