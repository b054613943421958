# Values of lavaan 0.6-14 for models that users write besides the usual ones: effect coding by constraints, bounds, equal
# residual covariances over groups, feedback, nonlinear defined parameters, restricted thresholds.
# Run from the folder that holds data/.
suppressMessages({library(lavaan); library(jsonlite)})
D <- Sys.getenv("SEM_DATA", "data"); OUT <- Sys.getenv("SEM_OUT", "sem_wider.json")
rd <- function(f) read.csv(file.path(D, f))
vec <- function(x) as.list(unclass(x))
tab <- function(d) { d <- as.list(as.data.frame(d)); names(d)[names(d) == "est.std"] <- "est"; lapply(d[intersect(c("lhs","op","rhs","group","est","se"), names(d))], function(c) if (is.numeric(c)) signif(as.numeric(c), 10) else as.character(c)) }
res <- list()
add <- function(n, ...) { f <- sem(...); res[[n]] <<- list(fit=lapply(vec(fitMeasures(f)), signif, 10), estimates=tab(parameterEstimates(f, remove.nonfree=FALSE)), standardized=tab(standardizedSolution(f))) }
hs <- rd("lavaan_hs1939.csv"); hm <- rd("hs1939_missing.csv"); bfi <- rd("psych_bfi.csv")
all <- na.omit(bfi[, 2:26]); A <- paste0("A", 1:5)
HS <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9"
add("wide_effect_coding", "visual =~ NA*x1+l1*x1+l2*x2+l3*x3\ntextual =~ x4+x5+x6\nl1+l2+l3==3\nx1~a1*1\nx2~a2*1\nx3~a3*1\na1+a2+a3==0\nvisual~NA*1", hs)
add("wide_effect_coding_groups", "visual =~ NA*x1+c(l1,l1)*x1+c(l2,l2)*x2+c(l3,l3)*x3\nl1+l2+l3==3\nx1~c(a1,a1)*1\nx2~c(a2,a2)*1\nx3~c(a3,a3)*1\na1+a2+a3==0\nvisual~NA*1", hs, group="school")
add("wide_bound", "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nvisual ~~ a*textual\na > 0", hs)
add("wide_residual_label_groups", paste(HS, "x7 ~~ c(q,q)*x8", sep="\n"), hs, group="school", estimator="MLR")
add("wide_measured_with_error", "visual =~ x1+x2+x3\nage =~ 1*ageyr\nageyr ~~ 0.2*ageyr\nvisual ~ age", hs)
add("wide_feedback", "x1 ~ x4 + x2\nx2 ~ x7 + x1", hs)
add("wide_omega", "f =~ x1+b*x2+c*x3+x4\nx1~~e1*x1\nx2~~e2*x2\nx3~~e3*x3\nf~~v*f\nomega := (1+b+c)^2*v/((1+b+c)^2*v+e1+e2+e3)\nl := log(b)+exp(c)+sqrt(v)", hs)
add("wide_mimic_fiml", paste(HS, "visual + textual ~ sex + ageyr\nspeed ~ visual + sex\nx2 ~ sex", sep="\n"), hm, missing="fiml")
add("wide_threshold_fixed", "A =~ A2+A3+A4+A5\nA3 | -1.5*t1", all, ordered=A[-1])
add("wide_equal_loadings_ordered", "A =~ A1+q*A2+q*A3+A4+A5", all, ordered=A)
writeLines(toJSON(list(meta=list(script="sem_wider.R", R=R.version.string, lavaan=as.character(packageVersion("lavaan"))), results=res), digits=NA, auto_unbox=TRUE, na="null", null="null"), OUT)
