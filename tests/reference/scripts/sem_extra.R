# Values of lavaan 0.6-14 and semTools 0.5-6 for cases beyond the textbook: weights, clusters, constraints, mixed
# ordered and continuous items, missing answers with fixed predictors. Run from the folder that holds data/.
suppressMessages({library(lavaan); library(semTools); library(jsonlite)})
D <- Sys.getenv("SEM_DATA", "data"); OUT <- Sys.getenv("SEM_OUT", "sem_extra.json")
rd <- function(f) read.csv(file.path(D, f))
vec <- function(x) as.list(unclass(x))
mat <- function(x) { x <- unclass(as.matrix(x)); list(rows=rownames(x), cols=colnames(x), values=unname(matrix(as.numeric(x), nrow(x)))) }
tab <- function(d) lapply(as.list(as.data.frame(d)), function(c) if (is.numeric(c)) as.numeric(c) else as.character(c))
one <- function(f, std=TRUE) { o <- list(fit=vec(fitMeasures(f)), estimates=tab(parameterEstimates(f, remove.nonfree=FALSE))); if (std) o$standardized <- tab(standardizedSolution(f)); o }
hs <- rd("lavaan_hs1939.csv"); hm <- rd("hs1939_missing.csv"); lq <- rd("multilevel_lq2002.csv"); tal <- rd("psych_tal_or.csv"); pd <- rd("lavaan_politicaldemocracy.csv"); bfi <- rd("psych_bfi.csv")
HS <- 'visual =~ x1+x2+x3
textual =~ x4+x5+x6
speed =~ x7+x8+x9'
L3 <- 'fLEAD =~ LEAD01+LEAD02+LEAD03+LEAD04+LEAD05
fTSIG =~ TSIG01+TSIG02+TSIG03'
lq$w <- 0.5 + (seq_len(nrow(lq)) %% 7)/4; hs$w <- 0.5 + (seq_len(nrow(hs)) %% 5)/4
hm$cl <- hs$cl <- seq_len(nrow(hs)) %% 40
res <- list()
res$weights_mlr <- one(cfa(L3, lq, estimator="MLR", sampling.weights="w"))
res$weights_ml <- one(cfa(L3, lq, estimator="ML", sampling.weights="w"))
res$weights_groups_mlr <- one(cfa(HS, hs, estimator="MLR", sampling.weights="w", group="school", group.equal=c("loadings","intercepts")))
res$weights_cluster <- one(cfa(L3, lq, cluster="COMPID", sampling.weights="w"))
res$cluster_fiml <- one(cfa(HS, hm, cluster="cl", missing="fiml", estimator="MLR"))
res$cluster_groups <- one(cfa(HS, hs, cluster="cl", group="school", estimator="MLR"))
res$constraint_linear <- one(sem('ind60 =~ x1 + a*x2 + b*x3
dem60 =~ y1 + y2 + y3 + y4
dem60 ~ c*ind60
a == 2*c
b - c == 0.5', pd))
res$constraint_bound <- one(sem('visual =~ x1+x2+x3
x1 ~~ v*x1
v > 0.7', hs), std=FALSE)
tal$pmi[seq(3,120,9)] <- NA; tal$reaction[seq(5,120,11)] <- NA
MED <- 'pmi ~ a*cond
import ~ a2*cond
reaction ~ cp*cond + b*pmi + b2*import
pmi ~~ import
ind := a*b + a2*b2
ratio := a*b/(cp + a*b)'
res$fiml_fixed_x <- one(sem(MED, tal, missing="fiml"))
res$fiml_fixed_x_mlr <- one(sem('pmi ~ cond
reaction ~ pmi', tal, missing="fiml", estimator="MLR"))
res$path_means_mlr <- one(sem('pmi ~ cond
reaction ~ pmi', rd("psych_tal_or.csv"), estimator="MLR", meanstructure=TRUE))
res$fixed_x_mlm <- one(sem('pmi ~ cond
reaction ~ pmi', rd("psych_tal_or.csv"), estimator="MLM"))
res$random_x <- one(sem('pmi ~ cond
reaction ~ pmi', rd("psych_tal_or.csv"), fixed.x=FALSE))
res$mimic_groups <- one(sem('visual =~ x1+x2+x3
textual =~ x4+x5+x6
visual ~ ageyr + sex
textual ~ visual + ageyr', hs, group="school"))
res$mimic_mlr <- one(sem('visual =~ x1+x2+x3
textual =~ x4+x5+x6
visual ~ ageyr + sex
textual ~ visual + ageyr', hs, estimator="MLR"))
res$single_indicator <- one(sem('visual =~ x1+x2+x3
age =~ ageyr
visual ~ age', hs))
res$two_indicator_equal <- one(cfa('visual =~ x1+x2+x3
textual =~ a*x4 + a*x5', hs, std.lv=TRUE))
res$mlm_groups <- one(cfa(HS, hs, estimator="MLM", group="school", group.equal="loadings"))
res$mlmv_groups <- one(cfa(HS, hs, estimator="MLMV", group="school", group.equal="loadings"))
res$gls_groups <- one(cfa(HS, hs, estimator="GLS", group="school", group.equal="loadings"))
res$uls_groups <- one(cfa(HS, hs, estimator="ULS", group="school"))
res$ulsm <- one(cfa(HS, hs, estimator="ULSM"))
res$second_order_groups <- one(cfa(paste(HS, "G =~ visual+textual+speed", sep="\n"), hs, group="school", group.equal=c("loadings","intercepts"), meanstructure=TRUE))
res$latent_means_known <- one(cfa('visual =~ 1*x1+1*x2+1*x3
x1 ~ 0*1
x2 ~ 0*1
x3 ~ 0*1
visual ~ 1', hs))
res$covariate_correlated <- one(sem('visual =~ x1+x2+x3
visual ~ ageyr
ageyr ~~ sex', hs))
res$education_scalar <- one(cfa('A =~ A1+A2+A3+A4+A5', bfi[!is.na(bfi$education),], group="education", group.equal=c("loadings","intercepts")))
res$fiml_groups_mlr <- one(cfa(HS, hm, missing="fiml", estimator="MLR", group="school", group.equal=c("loadings","intercepts")))
res$fiml_groups_mlr_configural <- one(cfa(HS, hm, missing="fiml", estimator="MLR", group="school"))
res$fiml_lrt <- as.list(as.data.frame(lavTestLRT(cfa(HS, hm, missing="fiml", estimator="MLR", group="school"), cfa(HS, hm, missing="fiml", estimator="MLR", group="school", group.equal=c("loadings","intercepts"))))[2, c("Chisq diff","Df diff")])
mix <- hs; for (v in c("x1","x2","x4")) mix[[v]] <- as.integer(cut(mix[[v]], quantile(mix[[v]], c(0,.2,.5,.8,1)), include.lowest=TRUE))
res$mixed_wlsmv <- one(cfa('visual =~ x1+x2+x3
textual =~ x4+x5+x6', mix, ordered=c("x1","x2","x4")))
bc <- na.omit(bfi[, c(paste0("A",1:5), paste0("N",1:5), "gender")])
res$ordinal_sem <- one(sem('A =~ A1+A2+A3+A4+A5
N =~ N1+N2+N3+N4+N5
A ~ N', bc, ordered=c(paste0("A",1:5), paste0("N",1:5))))
res$ordinal_delta_groups <- one(cfa('A =~ A1+A2+A3+A4+A5', bc, ordered=paste0("A",1:5), group="gender", group.equal="loadings"))
res$ordinal_wlsm_lrt <- as.list(as.data.frame(lavTestLRT(cfa('A =~ A1+A2+A3+A4+A5', bc, ordered=paste0("A",1:5), estimator="WLSM"), cfa('A =~ A1+a*A2+a*A3+A4+A5', bc, ordered=paste0("A",1:5), estimator="WLSM")))[2, c("Chisq diff","Df diff")])
f <- cfa(HS, hs)
res$residuals_z <- mat(lavResiduals(f, type="raw")$cov.z); res$residuals_raw <- mat(lavResiduals(f, type="raw")$cov)
res$residuals_z_mlr <- mat(lavResiduals(cfa(HS, hs, estimator="MLR"), type="raw")$cov.z)
res$residuals_z_means <- vec(lavResiduals(cfa(HS, hs, group="school", group.equal=c("loadings","intercepts")), type="raw")[["Pasteur"]]$mean.z)
res$htmt_arithmetic <- mat(htmt(HS, data=hs, htmt2=FALSE)); res$htmt_geometric <- mat(htmt(HS, data=hs, htmt2=TRUE))
g <- cfa(HS, hm, missing="fiml"); res$fiml_scores <- mat(head(lavPredict(g), 8)); res$fiml_scores_bartlett <- mat(head(lavPredict(g, method="Bartlett"), 8))
res$moments_groups <- one(cfa(HS, sample.cov=list(a=cov(hs[hs$school=="Pasteur",7:15]), b=cov(hs[hs$school!="Pasteur",7:15])), sample.mean=list(colMeans(hs[hs$school=="Pasteur",7:15]), colMeans(hs[hs$school!="Pasteur",7:15])), sample.nobs=c(sum(hs$school=="Pasteur"), sum(hs$school!="Pasteur")), group.equal="loadings"))
res$mi_groups <- tab(head(modindices(cfa(HS, hs, group="school", group.equal="loadings"), sort.=TRUE), 15))
tight <- list(rel.tol=1e-13, x.tol=1e-12, iter.max=20000)
close_to <- function(m, d, ...) { f <- cfa(m, d, ...); for (i in 1:3) f <- cfa(m, d, start=f, control=tight, optim.force.converged=TRUE, ...); tab(parameterEstimates(f)) }
PD <- 'ind60 =~ x1 + x2 + x3
dem60 =~ y1 + a*y2 + b*y3 + c*y4
dem65 =~ y5 + a*y6 + b*y7 + c*y8
dem60 ~ p*ind60
dem65 ~ d*ind60 + q*dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8'
res$tight_democracy <- close_to(PD, pd)
b25 <- na.omit(bfi[,2:26]); B5 <- paste(sapply(c("A","C","E","N","O"),function(p) paste0(p,"f =~ ",paste0(p,1:5,collapse="+"))),collapse="\n")
res$tight_bfi25 <- close_to(B5, b25)
writeLines(toJSON(list(meta=list(script="sem_extra.R", R=R.version.string, lavaan=as.character(packageVersion("lavaan")), semTools=as.character(packageVersion("semTools"))), results=res), digits=NA, auto_unbox=TRUE, na="null", null="null", matrix="rowmajor"), OUT)
