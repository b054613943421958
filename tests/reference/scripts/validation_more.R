# Reference values for tests/validation: items without variance, intervals of item-rest correlations, scores at the ends
# of the scale, ratings in long form, factors of polychoric correlations, further rotations, principal axes.
#
#   Rscript tests/reference/scripts/validation_more.R      (from the top of the repository)
#
# Packages: psych 2.2.9, GPArotation 2022.10-2, lavaan 0.6-14, jsonlite. Writes validation_more.json.
options(digits = 15)
suppressMessages({library(psych); library(GPArotation); library(lavaan); library(jsonlite)})
quiet <- function(x) { sink(tempfile()); on.exit(sink()); suppressMessages(suppressWarnings(force(x))) }
matrix_of <- function(x) { x <- unclass(as.matrix(x)); unname(matrix(as.numeric(x), nrow(x), ncol(x))) }
bfi <- read.csv("datasets/bfi/data.csv"); items <- paste0(rep(c("A", "C", "E", "N", "O"), each = 5), 1:5)
turned <- bfi[, items]
for (i in c("A1", "C4", "C5", "E1", "E2", "O2", "O5")) turned[[i]] <- 7 - turned[[i]]
hs <- read.csv("datasets/hs1939/data.csv")[, paste0("x", 1:9)]

# psych::alpha drops an item without variance (A4 is 3 for everybody here; once nobody answered it).
constant <- turned[, paste0("A", 1:5)]; constant$A4 <- 3
unanswered <- constant; unanswered$A4 <- NA_real_
alpha_of <- function(d, use = "pairwise") { a <- quiet(alpha(d, use = use)); i <- a$item.stats
  list(alpha = a$total$raw_alpha, standardized = a$total$std.alpha, mean_r = a$total$average_r,
       items = rownames(i), r_drop = i$r.drop, alpha_drop = a$alpha.drop$raw_alpha) }
alphas <- list(constant = alpha_of(constant), unanswered = alpha_of(unanswered))
alphas$complete <- list(alpha = alpha_of(na.omit(constant))$alpha)

# Fisher's interval of a correlation: psych::r.con(r, n)
r_con <- lapply(list(c(-.04, 30), c(-.31, 2800), c(.5, 10)), function(x) as.numeric(r.con(x[1], x[2])))

# Scores at the ends of the scale: mean(rowMeans(x) == 1), of complete respondents
neuro <- rowMeans(bfi[, paste0("N", 1:5)]); agree <- rowMeans(turned[, paste0("A", 1:5)])
ends <- list(neuroticism = c(mean(neuro == 1, na.rm = TRUE), mean(neuro == 6, na.rm = TRUE)),
             agreeableness = c(mean(agree == 1, na.rm = TRUE), mean(agree == 6, na.rm = TRUE)))

# Ratings: Shrout & Fleiss (1979), psych's help page; reshape() makes the long form
sf <- matrix(c(9, 2, 5, 8, 6, 1, 3, 2, 8, 4, 6, 8, 7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7), ncol = 4, byrow = TRUE)
icc <- quiet(ICC(sf, lmer = FALSE))$results
ratings <- list(values = matrix_of(sf), icc = icc$ICC, lower = icc$`lower bound`, upper = icc$`upper bound`)

# Polychoric correlations as lavaan estimates them (thresholds from each item), then psych
poly_items <- c(paste0("A", 1:5), paste0("N", 1:5))
complete <- na.omit(turned[, poly_items])
r_poly <- unclass(lavCor(complete, ordered = poly_items)); class(r_poly) <- "matrix"; r_poly <- matrix_of(r_poly)
kmo <- KMO(r_poly); bartlett <- cortest.bartlett(r_poly, n = nrow(complete))
fa_of <- function(r, k, n, ...) { f <- quiet(fa(r, nfactors = k, n.obs = n, ...))
  out <- list(loadings = matrix_of(f$loadings), communality = as.numeric(f$communality))
  if (!is.null(f$Phi)) out$phi <- matrix_of(f$Phi)
  out }
polychoric <- list(items = poly_items, n = nrow(complete), kmo = kmo$MSA, kmo_items = as.numeric(kmo$MSAi),
                   chisq = as.numeric(bartlett$chisq), df = bartlett$df,
                   fa = fa_of(r_poly, 2, nrow(complete), fm = "minres", rotate = "oblimin"))

# Rotations and principal axes: fa(r, nfactors, fm, rotate); targetQ with NA where an item belongs to its dimension
bfi_complete <- na.omit(turned)
target <- matrix(0, 25, 5); for (d in 1:5) target[(d - 1) * 5 + 1:5, d] <- NA
target9 <- matrix(0, 9, 3); for (d in 1:3) target9[(d - 1) * 3 + 1:3, d] <- NA
sets <- list(bfi = list(r = cor(bfi_complete), k = 5, n = nrow(bfi_complete), target = target),
             hs1939 = list(r = cor(hs), k = 3, n = nrow(hs), target = target9))
rotations <- lapply(sets, function(s) {
  raw <- unclass(quiet(fa(s$r, s$k, n.obs = s$n, fm = "minres", rotate = "none"))$loadings)
  # as psych finds it: fa(rotate = "geominQ") is geominQ(loadings, delta = .01); eps 1e-5 is GPArotation's own stop
  turn <- function(f, ...) { x <- quiet(f(raw, eps = 1e-8, maxit = 20000, ...))
    list(loadings = matrix_of(x$loadings), phi = if (is.null(x$Phi)) diag(s$k) else matrix_of(x$Phi),
         converged = x$convergence) }
  list(k = s$k, n = s$n,
       geomin = fa_of(s$r, s$k, s$n, fm = "minres", rotate = "geominQ"),
       quartimax = fa_of(s$r, s$k, s$n, fm = "minres", rotate = "quartimax"),
       target = fa_of(s$r, s$k, s$n, fm = "minres", rotate = "targetQ", Target = s$target),
       exact = list(geomin = turn(geominQ), quartimax = turn(quartimax), target = turn(targetQ, Target = s$target)),
       pa_none = fa_of(s$r, s$k, s$n, fm = "pa", rotate = "none"),
       pa_oblimin = fa_of(s$r, s$k, s$n, fm = "pa", rotate = "oblimin")) })
write_json(list(script = "tests/reference/scripts/validation_more.R", R = R.version.string,
                packages = list(psych = as.character(packageVersion("psych")),
                                GPArotation = as.character(packageVersion("GPArotation"))),
                results = list(alphas = alphas, r_con = r_con, ends = ends, ratings = ratings, polychoric = polychoric,
                               rotations = rotations)),
           "tests/reference/validation_more.json", digits = NA, auto_unbox = TRUE, null = "null", na = "null")
