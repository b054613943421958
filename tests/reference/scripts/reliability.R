# Reference values for tests/validation: omega, ordinal and hierarchical reliability, split halves, bounds, agreement of
# raters, number of factors.
#
#   Rscript tests/reference/scripts/reliability.R      (from the top of the repository)
#
# Packages: psych 2.2.9, GPArotation 2022.10-2, lavaan 0.6-14, semTools 0.5-6, jsonlite. Writes
# validation_reliability.json.
options(digits = 15)
suppressMessages({library(psych); library(GPArotation); library(lavaan); library(semTools); library(jsonlite)})
read <- function(name) read.csv(file.path("datasets", name, "data.csv"))
quiet <- function(x) { sink(tempfile()); on.exit(sink()); suppressMessages(suppressWarnings(force(x))) }
matrix_of <- function(x) { x <- unclass(as.matrix(x)); unname(matrix(as.numeric(x), nrow(x), ncol(x))) }

bfi <- read("bfi"); items <- paste0(rep(c("A", "C", "E", "N", "O"), each = 5), 1:5)
customersat <- read("customersat"); lq <- read("lq2002"); hs <- read("hs1939")
turned <- bfi[, items]
for (i in c("A1", "C4", "C5", "E1", "E2", "O2", "O5")) turned[[i]] <- 7 - turned[[i]]
five <- function(letter) turned[, paste0(letter, 1:5)]
dimensions <- list(
  bfi = list(agreeableness = five("A"), conscientiousness = five("C"), extraversion = five("E"),
             neuroticism = five("N"), openness = five("O")),
  lq2002 = list(leadership = lq[, sprintf("LEAD%02d", 1:11)], task_significance = lq[, sprintf("TSIG%02d", 1:3)],
                hostility = lq[, sprintf("HOSTIL%02d", 1:5)]),
  customersat = list(price = customersat[, 2:4], effectiveness = customersat[, 5:10]),
  hs1939 = list(visual = hs[, c("x1", "x2", "x3")], textual = hs[, c("x4", "x5", "x6")],
                speed = hs[, c("x7", "x8", "x9")]))

# --- omega of one factor, answers as numbers and as ordered categories ------------------------------------------
# lavaan stops where the objective changes by less than 1e-10 of itself, some digits short of the optimum: Newton steps
# on its own gradient go on from there until the slope is rounding only.
polished <- function(f) {
  m <- f@Model; x <- lav_model_get_parameters(m)
  slope <- function(x) lavaan:::lav_model_gradient(lavmodel = lav_model_set_parameters(m, x), lavsamplestats = f@SampleStats,
    lavdata = f@Data, lavcache = f@Cache, type = "free", group.weight = TRUE)
  for (step in 1:10) { g <- slope(x); if (max(abs(g)) < 1e-14) break
    H <- sapply(seq_along(x), function(j) { h <- replace(0 * x, j, 1e-5); (slope(x + h) - slope(x - h)) / 2e-5 })
    x <- x - drop(solve((H + t(H)) / 2, g)) }
  stopifnot(max(abs(slope(x))) < 1e-11)
  table <- as.list(parTable(f)); class(table) <- NULL; table$est <- NULL; table$se <- NULL
  options <- lavInspect(f, "options"); options$optim.method <- "none"
  lavaan(slotOptions = options, slotParTable = table, slotModel = lav_model_set_parameters(m, x), slotData = f@Data,
         slotSampleStats = f@SampleStats, slotCache = f@Cache) }
one <- function(d, ...) quiet(polished(cfa(paste("f =~", paste(names(d), collapse = " + ")), d, std.lv = TRUE, ...)))
omega_of <- function(d) { f <- one(d)
  list(n = nobs(f), omega = as.numeric(compRelSEM(f)), implied = as.numeric(compRelSEM(f, obs.var = FALSE)),
       alpha = as.numeric(compRelSEM(f, tau.eq = TRUE))) }
ordinal_of <- function(d) { f <- one(d, ordered = names(d)); r <- quiet(reliability(f))
  list(n = nobs(f), omega = as.numeric(quiet(compRelSEM(f))), alpha = r["alpha", 1], alpha_ordinal = r["alpha.ord", 1],
       omega_latent = as.numeric(quiet(compRelSEM(f, ord.scale = FALSE)))) }
omegas <- lapply(dimensions, function(s) lapply(s, omega_of))
ordinal <- lapply(dimensions[c("bfi", "lq2002", "customersat")], function(s) lapply(s, ordinal_of))

# --- omega hierarchical -----------------------------------------------------------------------------------------
sets <- list(bfi25_listwise = list(d = na.omit(turned), k = 5), bfi25_pairwise = list(d = turned, k = 5),
             hs9 = list(d = hs[, paste0("x", 1:9)], k = 3), customersat = list(d = customersat, k = 2),
             lq2002_lead = list(d = lq[, sprintf("LEAD%02d", 1:11)], k = 3))
hierarchical_of <- function(s) { o <- quiet(omega(s$d, nfactors = s$k, plot = FALSE))
  list(k = s$k, omega_h = o$omega_h, omega_limit = o$omega.lim, omega_total = o$omega.tot, alpha = o$alpha,
       ecv = as.numeric(o$ECV), sl = matrix_of(o$schmid$sl[, 1:(s$k + 3)]),
       groups = list(total = o$omega.group$total, general = o$omega.group$general, group = o$omega.group$group)) }
hierarchical <- lapply(sets, hierarchical_of)
bifactor_of <- function(d, groups) {
  lines <- c(paste("g =~", paste(unlist(groups), collapse = " + ")),
             sapply(names(groups), function(n) paste(n, "=~", paste(groups[[n]], collapse = " + "))))
  f <- quiet(polished(cfa(paste(lines, collapse = "\n"), d, std.lv = TRUE, orthogonal = TRUE)))
  s <- standardizedSolution(f); s <- s[s$op == "=~", ]
  g <- s$est.std[s$lhs == "g"]; own <- s$est.std[s$lhs != "g"]
  list(n = nobs(f), compRelSEM = as.list(compRelSEM(f)), loadings = cbind(g, own), ecv = sum(g^2) / sum(g^2 + own^2),
       cfi = as.numeric(fitMeasures(f, "cfi")))
}
bifactor <- list(hs1939 = bifactor_of(hs, list(visual = c("x1", "x2", "x3"), textual = c("x4", "x5", "x6"), speed = c("x7", "x8", "x9"))),
                 bfi = bifactor_of(turned, lapply(dimensions$bfi, names)))
against <- turned; for (i in c(paste0("N", 1:5), "O4")) against[[i]] <- 7 - against[[i]]
bifactor$bfi_against <- bifactor_of(against, lapply(dimensions$bfi, names))

# --- split halves and bounds ------------------------------------------------------------------------------------
# splitHalf() looks at half of the splits of an odd number of items, so they are counted here.
halves <- function(C) { p <- ncol(C); V <- sum(C); m <- p %/% 2
  picks <- combn(p, m); if (p %% 2 == 0) picks <- picks[, picks[1, ] == 1, drop = FALSE]
  apply(picks, 2, function(a) 4 * sum(C[a, -a]) / V) }
bounds_of <- function(C) { p <- ncol(C); V <- sum(C); off <- C; diag(off) <- 0
  l1 <- 1 - tr(C) / V; by <- colSums(off^2)
  list(lambda1 = l1, lambda2 = l1 + sqrt(p / (p - 1) * sum(off^2)) / V, lambda3 = p / (p - 1) * l1,
       lambda5 = l1 + 2 * sqrt(max(by)) / V, lambda6 = 1 - sum(1 / diag(solve(C))) / V) }
split_of <- function(d) { C <- cov(d, use = "pairwise"); R <- cov2cor(C); h <- halves(C); s <- quiet(splitHalf(R, covar = FALSE, check.keys = FALSE))
  g <- quiet(guttman(R))
  list(n_splits = length(h), max = max(h), min = min(h), mean = mean(h), q = as.numeric(quantile(h, c(.025, .5, .975))),
       bounds = bounds_of(C), psych = s[c("maxrb", "minrb", "meanr", "alpha", "lambda2", "lambda6")],
       guttman = g[c("lambda.1", "lambda.2", "lambda.3", "lambda.5", "lambda.6")]) }
splits <- lapply(dimensions[c("bfi", "lq2002", "customersat")], function(s) lapply(s, split_of))

# --- the total of several dimensions ----------------------------------------------------------------------------
stratified_of <- function(parts) { d <- do.call(cbind, unname(parts)); d <- d[complete.cases(d), ]
  at <- split(seq_len(ncol(d)), rep(seq_along(parts), sapply(parts, ncol)))
  each <- sapply(at, function(i) quiet(alpha(d[, i], check.keys = FALSE, warnings = FALSE))$total$raw_alpha)
  v <- sapply(at, function(i) var(rowSums(d[, i])))
  list(n = nrow(d), stratified = 1 - sum(v * (1 - each)) / var(rowSums(d)),
       alpha = quiet(alpha(d, check.keys = FALSE, warnings = FALSE))$total$raw_alpha) }
favourable <- dimensions; favourable$lq2002$hostility <- -favourable$lq2002$hostility   # low is good: it counts against the total
stratified <- lapply(favourable, stratified_of)

# --- agreement of raters and of waves ---------------------------------------------------------------------------
icc_of <- function(x, ...) { i <- quiet(ICC(x, lmer = FALSE, ...))$results
  list(icc = i$ICC, f = i$F, df1 = i$df1, df2 = i$df2, p = i$p, low = i[["lower bound"]], high = i[["upper bound"]]) }
shrout <- matrix(c(9, 2, 5, 8, 6, 1, 3, 2, 8, 4, 6, 8, 7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7), ncol = 4, byrow = TRUE)
univbct <- read("univbct")
wide <- function(name) { w <- reshape(univbct[, c("SUBNUM", "TIME", name)], idvar = "SUBNUM", timevar = "TIME", direction = "wide"); na.omit(w[, -1]) }
waves <- lapply(c(job_satisfaction = "JSAT", commitment = "COMMIT", readiness = "READY"), function(n) {
  w <- wide(n); c(icc_of(w), list(n = nrow(w), mean = as.numeric(colMeans(w)))) })
icc <- list(shrout = icc_of(shrout), shrout90 = icc_of(shrout, alpha = .10), attitude = icc_of(attitude), waves = waves)

# --- how many factors -------------------------------------------------------------------------------------------
fourth <- function(R) { e <- eigen(R); L <- e$vectors %*% diag(sqrt(e$values)); p <- ncol(R)
  sapply(1:(p - 1), function(m) { C <- R - L[, 1:m] %*% t(L[, 1:m]); r <- cov2cor(C); diag(r) <- 0; sum(r^4) / (p * (p - 1)) }) }
# Optimal coordinates: eigenvalue i against the line through eigenvalue i + 1 and the last; counted from the first on
# while it lies above that line and above 1.
coordinates <- function(e) { p <- length(e); found <- 0
  for (i in 1:(p - 2)) { slope <- (e[p] - e[i + 1]) / (p - i - 1); if (e[i] > 1 && e[i] >= e[i + 1] - slope) found <- i else break }
  found }
number_of <- function(s) { R <- cor(s$d, use = "pairwise"); p <- ncol(R); e <- eigen(R)$values
  list(map = quiet(vss(R, n = min(8, p - 1), n.obs = nrow(s$d), plot = FALSE))$map, map4 = fourth(R), kaiser = sum(e > 1),
       optimal = coordinates(e)) }
numbers <- lapply(sets, number_of)
agree <- na.omit(turned[, 1:15]); rho <- lavCor(agree, ordered = names(agree)); class(rho) <- "matrix"
set.seed(1); pa <- quiet(fa.parallel(agree, fm = "minres", fa = "both", cor = "poly", n.iter = 20, plot = FALSE, quant = .95))
polychoric <- list(pc_values = eigen(rho)$values, fa_values = quiet(fa(rho, 1, fm = "minres"))$values,
                   map = quiet(vss(rho, n = 8, n.obs = nrow(agree), plot = FALSE))$map, nfact = pa$nfact, ncomp = pa$ncomp,
                   pc_resampled_mean = pa$pc.simr, fa_resampled_mean = pa$fa.simr)

versions <- lapply(c(psych = "psych", GPArotation = "GPArotation", lavaan = "lavaan", semTools = "semTools"),
                   function(p) as.character(packageVersion(p)))
writeLines(toJSON(list(made_by = "tests/reference/scripts/reliability.R", versions = c(list(R = R.version.string), versions),
  results = list(omega = omegas, ordinal = ordinal, hierarchical = hierarchical, bifactor = bifactor, splits = splits,
                 stratified = stratified, icc = icc, numbers = numbers, polychoric = polychoric)),
  digits = NA, auto_unbox = TRUE, matrix = "rowmajor", na = "null"), file.path("tests", "reference", "validation_reliability.json"))
