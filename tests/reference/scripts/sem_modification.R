# modindices() and lavTestScore() of lavaan 0.6-14 on models in which candidates share a place with free parameters: MIMIC,
# second-order, bifactor, growth, latent change, cross-lagged, path models, groups, ordered items, GLS, FIML, Wishart.
# Every table is whole, taken at the optimum itself: Newton steps on lavaan's own gradient go on from where it stopped.
# Run from the folder that holds data/.
suppressMessages({library(lavaan); library(jsonlite)})
D <- Sys.getenv("SEM_DATA", "data"); OUT <- Sys.getenv("SEM_OUT", "sem_modification.json")
rd <- function(f) read.csv(file.path(D, f))
polished <- function(f) {
  m <- f@Model; x <- lav_model_get_parameters(m)
  K <- if (m@eq.constraints) m@eq.constraints.K else diag(length(x))
  slope <- function(x) drop(crossprod(K, lavaan:::lav_model_gradient(lavmodel=lav_model_set_parameters(m, x), lavsamplestats=f@SampleStats, lavdata=f@Data, lavcache=f@Cache, type="free", group.weight=f@Options$missing != "ml")))
  for (step in 1:10) {
    g <- slope(x); if (max(abs(g)) < 1e-13) break
    H <- sapply(seq_len(ncol(K)), function(j) { h <- 1e-5; (slope(x + h*K[,j]) - slope(x - h*K[,j]))/(2*h) })
    x <- x - drop(K %*% solve((H + t(H))/2, g))
  }
  if (max(abs(slope(x))) > 1e-8) stop("not at the optimum")
  table <- as.list(parTable(f)); class(table) <- NULL; table$est <- NULL; table$se <- NULL
  options <- lavInspect(f, "options"); options$optim.method <- "none"
  lavaan(slotOptions=options, slotParTable=table, slotModel=lav_model_set_parameters(m, x), slotData=f@Data, slotSampleStats=f@SampleStats, slotCache=f@Cache)
}
col <- function(c) if (is.numeric(c)) signif(as.numeric(c), 8) else as.character(c)
tab <- function(d, names) lapply(as.list(as.data.frame(d))[intersect(names, names(d))], col)
res <- list()
add <- function(n, model, data, ..., f=NULL) {
  if (is.null(f)) f <- suppressWarnings(sem(model, data, ...))
  f <- suppressWarnings(polished(f))
  # lavaan loses values of some models on the way to its extended one; its indices are then those of another model.
  full <- lavaan:::lav_partable_full(f@ParTable, f@pta, free=TRUE, start=TRUE, strict.exo=f@Model@conditional.x); full$free <- 1L; full$user <- 10L
  wider <- suppressWarnings(lavaan:::lav_object_extended(f, add=full, all.free=TRUE))
  implied <- function(x) unlist(lavaan:::lav_model_implied(x@Model)); gap <- max(abs(implied(wider) - implied(f)))
  if (gap > 1e-6) stop(n, ": the extended model differs by ", gap)
  out <- list(chisq=unname(fitMeasures(f, "chisq")), mi=tab(suppressWarnings(modindices(f)), c("lhs","op","rhs","group","mi","epc","sepc.lv","sepc.all")))
  if (any(parTable(f)$op == "==")) {
    p <- parTable(f); s <- suppressWarnings(lavTestScore(f)$uni)
    name <- function(plabel) { i <- match(plabel, p$plabel); l <- match(plabel, p$label); i[is.na(i)] <- l[is.na(i)]; ifelse(is.na(i), plabel, paste(p$lhs[i], p$op[i], p$rhs[i], p$group[i])) }
    out$release <- list(lhs=name(s$lhs), rhs=name(s$rhs), X2=col(s$X2))
  }
  res[[n]] <<- out
  cat(n, length(out$mi$lhs), if (is.null(out$release)) 0 else length(out$release$X2), "\n")
}
hs <- rd("lavaan_hs1939.csv"); hm <- rd("hs1939_missing.csv"); pd <- rd("lavaan_politicaldemocracy.csv"); bfi <- rd("psych_bfi.csv"); tal <- rd("psych_tal_or.csv")
HS <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9"
add("mimic", "visual =~ x1+x2+x3\nvisual ~ ageyr\nx2 ~ ageyr", hs)
TWO <- "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nvisual + textual ~ ageyr + sex\nx2 ~ sex\nx5 ~ ageyr"
add("two_by_two", TWO, hs); add("two_by_two_fiml", TWO, hm, missing="fiml"); add("two_by_two_means", TWO, hs, meanstructure=TRUE)
add("two_by_two_groups", TWO, hs, group="school", group.equal="loadings")
add("second_order", paste(HS, "G =~ visual+textual+speed\nG ~ ageyr\nx1 ~ ageyr", sep="\n"), hs)
add("bifactor", paste0(HS, "\nG =~ ", paste0("x", 1:9, collapse="+")), hs, orthogonal=TRUE, std.lv=TRUE)
add("democracy", "ind60 =~ x1+x2+x3\ndem60 =~ y1+a*y2+b*y3+c*y4\ndem65 =~ y5+a*y6+b*y7+c*y8\ndem60 ~ ind60\ndem65 ~ ind60 + dem60\ny1~~y5\ny2~~y4+y6\ny3~~y7\ny4~~y8\ny6~~y8", pd)
add("path", "pmi ~ cond\nimport ~ cond + age\nreaction ~ pmi + import", tal)
add("path_random", "pmi ~ cond\nreaction ~ pmi + age", tal, fixed.x=FALSE)
add("regressions_latent", paste(HS, "textual ~ visual\nspeed ~ textual\nx9 ~ x1", sep="\n"), hs)
add("gls", "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nvisual ~ ageyr\ntextual ~ visual\nx2 ~ ageyr", hs, estimator="GLS")
add("uls", HS, hs, estimator="ULS")
add("wls", HS, hs, estimator="WLS")
add("mlr", paste(HS, "speed ~ visual\nspeed ~ sex", sep="\n"), hs, estimator="MLR")
add("wishart", HS, hs, likelihood="wishart")
add("wishart_groups", HS, hs, likelihood="wishart", group="school", group.equal=c("loadings","intercepts"))
add("groups_scalar", HS, hs, group="school", group.equal=c("loadings","intercepts"))
add("gls_groups", HS, hs, estimator="GLS", group="school", group.equal="loadings")
add("fiml_groups", HS, hm, missing="fiml", group="school", group.equal=c("loadings","intercepts"))
add("constraints", "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + d*x6\na == 2*b\nc - d == 0.1", hs)
growth <- "i =~ 1*t1+1*t2+1*t3+1*t4\ns =~ 0*t1+1*t2+2*t3+3*t4\ni ~ x1+x2\ns ~ x1+x2\nt1 ~ c1\nt2 ~ c2\nt3 ~ c3\nt4 ~ c4"
dg <- Demo.growth
add("growth", f=growth(growth, dg))
add("growth_plain", f=growth("i =~ 1*t1+1*t2+1*t3+1*t4\ns =~ 0*t1+1*t2+2*t3+3*t4", dg))
# Two series over four waves, simulated: random intercepts, autoregressions .4 and .3, cross effects .15 and .2.
set.seed(20); n <- 600; trait <- matrix(rnorm(2*n), n) %*% chol(matrix(c(1, .4, .4, .8), 2)); state <- array(0, c(n, 4, 2)); state[, 1, ] <- rnorm(2*n)
for (k in 2:4) { state[, k, 1] <- .4*state[, k-1, 1] + .15*state[, k-1, 2] + rnorm(n); state[, k, 2] <- .2*state[, k-1, 1] + .3*state[, k-1, 2] + rnorm(n) }
waves <- data.frame(round(cbind(state[, , 1] + trait[, 1], state[, , 2] + trait[, 2]), 3)); names(waves) <- c(paste0("u", 1:4), paste0("v", 1:4))
within <- paste(c(sprintf("a%d =~ 1*u%d\nb%d =~ 1*v%d\nu%d ~~ 0*u%d\nv%d ~~ 0*v%d\na%d ~~ a%d\nb%d ~~ b%d\na%d ~~ b%d", 1:4,1:4,1:4,1:4,1:4,1:4,1:4,1:4,1:4,1:4,1:4,1:4,1:4,1:4), sprintf("a%d ~ p*a%d + q*b%d\nb%d ~ r*a%d + s*b%d", 2:4,1:3,1:3,2:4,1:3,1:3)), collapse="\n")
add("ri_clpm", f=lavaan(paste("ru =~ 1*u1+1*u2+1*u3+1*u4\nrv =~ 1*v1+1*v2+1*v3+1*v4\nru ~~ ru\nrv ~~ rv\nru ~~ rv", within, sep="\n"), waves))
b <- na.omit(bfi[, c(paste0("A", 1:5), paste0("N", 1:5), "gender", "age", "education")]); b$age <- b$age/100
A5 <- "A =~ A1+A2+A3+A4+A5"; O <- paste0("A", 1:5)
add("wlsmv", paste(A5, "N =~ N1+N2+N3+N4+N5\nA ~ N", sep="\n"), b, ordered=TRUE)
add("wlsmv_mimic", paste(A5, "A ~ age + gender\nA1 ~ gender", sep="\n"), b, ordered=O)
add("wlsmv_mixed", paste(A5, "N =~ N1+N2+N3", sep="\n"), b, ordered=O, estimator="WLSM")
th <- paste(sprintf("%s | %s", O, paste(sprintf("c(%s%d,%s%d)*t%d", "THR", 1:5, "THR", 1:5, 1:5), collapse=" + ")), collapse="\n")
for (v in O) th <- sub("THR1,THR1", paste0(v, "a1,", v, "a1"), sub("THR2,THR2", paste0(v, "a2,", v, "a2"), sub("THR3,THR3", paste0(v, "a3,", v, "a3"), sub("THR4,THR4", paste0(v, "a4,", v, "a4"), sub("THR5,THR5", paste0(v, "a5,", v, "a5"), th)))))
load <- "A =~ c(NA,NA)*A1 + c(l1,l1)*A1 + c(l2,l2)*A2 + c(l3,l3)*A3 + c(l4,l4)*A4 + c(l5,l5)*A5\nA ~~ c(1,NA)*A\nA ~ c(0,0)*1"
int <- paste(sprintf("%s ~ c(0,NA)*1", O), collapse="\n")
add("wlsmv_groups", paste(load, th, int, paste(sprintf("%s ~~ c(1,NA)*%s", O, O), collapse="\n"), sep="\n"), b, ordered=O, group="gender", parameterization="theta")
add("wlsmv_groups_delta", paste(load, th, int, paste(sprintf("%s ~*~ c(1,NA)*%s", O, O), collapse="\n"), sep="\n"), b, ordered=O, group="gender")
add("wlsmv_groups_strict", paste(load, th, paste(sprintf("%s ~*~ c(1,1)*%s", O, O), collapse="\n"), sep="\n") |> sub(pattern="A ~ c(0,0)", replacement="A ~ c(0,NA)", fixed=TRUE), b, ordered=O, group="gender")
moments <- function(d) list(names=names(d), cov=unname(cov(d)), mean=unname(colMeans(d)), n=nrow(d))
writeLines(toJSON(list(meta=list(script="sem_modification.R", R=R.version.string, lavaan=as.character(packageVersion("lavaan")), note="Demo.growth, simulated by the authors of lavaan, and waves, simulated here, stand as moments (divisor n - 1)"), moments=list(growth=moments(dg), waves=moments(waves)), results=res), digits=NA, auto_unbox=TRUE, na="null", null="null", matrix="rowmajor"), OUT)
