# lavaan 0.6-14 once more on models with flat objectives, where its default stopping rule (relative change of the
# objective below 1e-10) leaves it short of the optimum: from where it stopped, Newton steps on lavaan's own gradient go
# on until the slope is rounding only (`slope`; incomplete answers are weighted by group within it already); standard errors are then lavaan's at that point.
# Run from the folder that holds data/.
suppressMessages({library(lavaan); library(semTools); library(jsonlite)})
D <- Sys.getenv("SEM_DATA", "data"); OUT <- Sys.getenv("SEM_OUT", "sem_tight.json")
rd <- function(f) read.csv(file.path(D, f))
tab <- function(d) { d <- as.list(as.data.frame(d)); names(d)[names(d) == "est.std"] <- "est"; lapply(d[intersect(c("lhs","op","rhs","group","est","se"), names(d))], function(c) if (is.numeric(c)) signif(as.numeric(c), 11) else as.character(c)) }
polished <- function(f) {
  m <- f@Model; x <- lav_model_get_parameters(m)
  K <- if (m@eq.constraints) m@eq.constraints.K else diag(length(x))
  slope <- function(x) drop(crossprod(K, lavaan:::lav_model_gradient(lavmodel=lav_model_set_parameters(m, x), lavsamplestats=f@SampleStats, lavdata=f@Data, lavcache=f@Cache, type="free", group.weight=f@Options$missing != "ml")))
  for (step in 1:10) {
    g <- slope(x); if (max(abs(g)) < 1e-14) break
    H <- sapply(seq_len(ncol(K)), function(j) { h <- 1e-5; (slope(x + h*K[,j]) - slope(x - h*K[,j]))/(2*h) })
    x <- x - drop(K %*% solve((H + t(H))/2, g))
  }
  table <- as.list(parTable(f)); class(table) <- NULL; table$est <- NULL; table$se <- NULL
  options <- lavInspect(f, "options"); options$optim.method <- "none"
  list(slope=max(abs(slope(x))), fit=lavaan(slotOptions=options, slotParTable=table, slotModel=lav_model_set_parameters(m, x), slotData=f@Data, slotSampleStats=f@SampleStats, slotCache=f@Cache))
}
res <- list()
add <- function(n, model, data, ...) {
  p <- polished(sem(model, data, ...))
  res[[n]] <<- list(slope=p$slope, chisq=unname(fitMeasures(p$fit, "chisq")), estimates=tab(parameterEstimates(p$fit, remove.nonfree=FALSE)), standardized=tab(standardizedSolution(p$fit)))
}
hs <- rd("lavaan_hs1939.csv"); hm <- rd("hs1939_missing.csv"); pd <- rd("lavaan_politicaldemocracy.csv"); bfi <- rd("psych_bfi.csv"); dc <- rd("semtools_datcat_simulated.csv")
hs$w <- 0.5 + (seq_len(nrow(hs)) %% 5)/4; hs$cl <- seq_len(nrow(hs)) %% 40
HS <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9"
A5 <- "A =~ A1+A2+A3+A4+A5"; AN <- paste(A5, "N =~ N1+N2+N3+N4+N5", sep="\n"); DC <- "FU1 =~ u1+u2+u3+u4\nFU2 =~ u5+u6+u7+u8"
B5 <- paste(sapply(c("A","C","E","N","O"), function(p) paste0(p, "f =~ ", paste0(p, 1:5, collapse="+"))), collapse="\n")
all <- na.omit(bfi[, 2:26]); an <- na.omit(bfi[, c(paste0("A", 1:5), paste0("N", 1:5), "gender")])
b5 <- na.omit(bfi[, c(2:26, which(names(bfi) == "gender"))])
people <- na.omit(bfi[, c(paste0("A", 1:5), paste0("N", 1:5), "gender", "age", "education")]); people$age <- people$age/100
add("hs_1factor", paste0("g =~ ", paste0("x", 1:9, collapse="+")), hs)
add("bfi25_ml_listwise", B5, all); add("bfi25_mlr_listwise", B5, all, estimator="MLR"); add("bfi25_fiml", B5, bfi, missing="fiml")
add("politicaldemocracy_equal", "ind60 =~ x1 + x2 + x3
dem60 =~ y1 + a*y2 + b*y3 + c*y4
dem65 =~ y5 + a*y6 + b*y7 + c*y8
dem60 ~ p*ind60
dem65 ~ d*ind60 + q*dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8
ind := p*q
tot := d + p*q", pd)
add("weights_groups_mlr", HS, hs, estimator="MLR", sampling.weights="w", group="school", group.equal=c("loadings","intercepts"))
add("cluster_groups", HS, hs, cluster="cl", group="school", estimator="MLR")
add("education_scalar", A5, bfi[!is.na(bfi$education),], group="education", group.equal=c("loadings","intercepts"))
add("uls_groups", HS, hs, estimator="ULS", group="school")
add("uls_predictors", paste(HS, "visual ~ ageyr", sep="\n"), hs, estimator="ULS")
add("dwls_cont", HS, hs, estimator="DWLS"); add("wlsmv_cont", HS, hs, estimator="WLSMV")
add("hs_missing_group_strict", HS, hm, missing="fiml", group="sex", group.equal=c("loadings","intercepts","residuals"))
add("hs_crossloading_mlr", "visual =~ x1+x2+x3+x9\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9\nx7 ~~ x8", hs, estimator="MLR")
add("hs_school_ml.configural", HS, hs, group="school"); add("hs_school_mlr.configural", HS, hs, group="school", estimator="MLR")
add("bfi5_ulsmv", B5, all, ordered=names(all), estimator="ULSMV"); add("bfi5_theta", B5, all, ordered=names(all), parameterization="theta")
O <- paste0("A", 1:5)
add("mimic_theta", paste(A5, "A ~ age + gender", sep="\n"), people, ordered=O, parameterization="theta")
add("mimic_direct", paste(AN, "A ~ age + gender\nN ~ A + gender\nA1 ~ gender", sep="\n"), people, ordered=O, estimator="WLSM")
steps <- list(configural="", thresholds="thresholds", thr_loadings=c("thresholds","loadings"), thr_load_int=c("thresholds","loadings","intercepts"), strict=c("thresholds","loadings","intercepts","residuals"))
ladder <- function(name, model, data, items, group) for (s in names(steps)) {
  syntax <- as.character(measEq.syntax(model, data=data, ordered=items, parameterization="theta", ID.fac="std.lv", ID.cat="Wu.Estabrook.2016", group=group, group.equal=steps[[s]]))
  add(paste0(name, ".", s), syntax, data, ordered=items, parameterization="theta", group=group)
}
ladder("bfi_agree_gender", A5, an, O, "gender"); ladder("bfi_AN_gender", AN, an, names(an)[1:10], "gender")
ladder("datCat_simulated", DC, dc, paste0("u", 1:8), "g"); ladder("bfi25_gender", B5, b5, names(b5)[1:25], "gender")
writeLines(toJSON(list(call="sem_tight.R: lavaan 0.6-14 with Newton steps on its own gradient", results=res), digits=NA, auto_unbox=TRUE, na="null"), OUT)
