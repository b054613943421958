# Reference values for tests/validation: items, alpha, adequacy, parallel analysis, factor analysis.
#
#   Rscript tests/reference/scripts/validation.R      (from the top of the repository)
#
# Packages: psych 2.2.9, GPArotation 2022.10-2, jsonlite. Writes validation_items.json and validation_factors.json.
options(digits = 15)
suppressMessages({library(psych); library(GPArotation); library(jsonlite)})
read <- function(name) read.csv(file.path("datasets", name, "data.csv"))
quiet <- function(x) { sink(tempfile()); on.exit(sink()); suppressMessages(suppressWarnings(force(x))) }
named <- function(x) as.list(x)
matrix_of <- function(x) { x <- unclass(as.matrix(x)); unname(matrix(as.numeric(x), nrow(x), ncol(x))) }
versions <- list(R = R.version.string, psych = as.character(packageVersion("psych")),
                 GPArotation = as.character(packageVersion("GPArotation")))
save <- function(x, name)
  writeLines(toJSON(list(made_by = "tests/reference/scripts/validation.R", versions = versions, results = x),
                    digits = NA, auto_unbox = TRUE, matrix = "rowmajor", na = "null"),
             file.path("tests", "reference", paste0(name, ".json")))

bfi <- read("bfi"); items <- paste0(rep(c("A", "C", "E", "N", "O"), each = 5), 1:5)
customersat <- read("customersat"); lq <- read("lq2002"); hs <- read("hs1939")
reversed <- c("A1", "C4", "C5", "E1", "E2", "O2", "O5")
turned <- bfi[, items]; turned[reversed] <- 7 - turned[reversed]   # the 1-6 scale turned round

# --- items and alpha --------------------------------------------------------------------------------------------
five <- function(letter) turned[, paste0(letter, 1:5)]
dimensions <- list(
  bfi = list(agreeableness = five("A"), conscientiousness = five("C"), extraversion = five("E"),
             neuroticism = five("N"), openness = five("O")),
  lq2002 = list(leadership = lq[, sprintf("LEAD%02d", 1:11)], task_significance = lq[, sprintf("TSIG%02d", 1:3)],
                hostility = lq[, sprintf("HOSTIL%02d", 1:5)]),
  customersat = list(price = customersat[, 2:4], effectiveness = customersat[, 5:10]),
  hs1939 = list(visual = hs[, c("x1", "x2", "x3")], textual = hs[, c("x4", "x5", "x6")],
                speed = hs[, c("x7", "x8", "x9")]))
alpha_of <- function(d) {
  a <- quiet(alpha(d, check.keys = FALSE, warnings = FALSE)); k <- ncol(d); complete <- sum(complete.cases(d))
  b <- quiet(alpha(na.omit(d), check.keys = FALSE, warnings = FALSE))
  ci <- function(n, p = .05) as.numeric(unlist(quiet(alpha.ci(a$total$raw_alpha, n.obs = n, n.var = k, p.val = p))[c("lower.ci", "upper.ci")]))
  list(n_rows = nrow(d), n_complete = complete, raw_alpha = a$total$raw_alpha, std_alpha = a$total$std.alpha,
       average_r = a$total$average_r, raw_alpha_listwise = b$total$raw_alpha,
       ci_n_rows = ci(nrow(d)), ci_n_complete = ci(complete), ci90_n_complete = ci(complete, .10),
       item = colnames(d), r_drop = a$item.stats$r.drop, alpha_drop = a$alpha.drop$raw_alpha)
}
describe_of <- function(d) { x <- describe(d, type = 3)
  list(item = colnames(d), n = x$n, mean = x$mean, sd = x$sd, median = x$median, skew = x$skew, kurtosis = x$kurtosis) }
save(list(alpha = lapply(dimensions, function(s) lapply(s, alpha_of)),
          unreversed = alpha_of(bfi[, paste0("A", 1:5)]),
          describe = lapply(dimensions, function(s) describe_of(do.call(cbind, unname(s))))), "validation_items")

# --- adequacy, parallel analysis, factors -----------------------------------------------------------------------
sets <- list(bfi25_listwise = list(d = na.omit(turned), k = 5), bfi25_pairwise = list(d = turned, k = 5),
             hs9 = list(d = hs[, paste0("x", 1:9)], k = 3), customersat = list(d = customersat, k = 2),
             lq2002_lead = list(d = lq[, sprintf("LEAD%02d", 1:11)], k = 2))

solution <- function(f) list(
  loadings = matrix_of(f$loadings), phi = if (is.null(f$Phi)) diag(ncol(f$loadings)) else matrix_of(f$Phi),
  communality = as.numeric(f$communality), complexity = as.numeric(f$complexity),
  ss_loadings = as.numeric(f$Vaccounted["SS loadings", ]), proportion = as.numeric(f$Vaccounted["Proportion Var", ]))

# The same optimum without psych's early stop: its optimiser (L-BFGS-B, factr 1e7) and the rotations' eps = 1e-5
# leave 1e-6 to 1e-3 in the loadings. Objectives in their textbook form, minimised by nlminb to machine precision.
exact <- function(S, k, method) {
  p <- ncol(S); left <- (k + 1):p
  parts <- function(u) if (method == "minres") eigen(S - diag(u), TRUE) else eigen(S / sqrt(outer(u, u)), TRUE)
  objective <- function(u) { e <- parts(u)$values[left]; if (method == "minres") sum(e^2) / 2 else sum(e - log(e) - 1) }
  gradient <- function(u) { e <- parts(u); V2 <- e$vectors[, left]^2; w <- e$values[left]
    if (method == "minres") -drop(V2 %*% w) else drop(V2 %*% (1 - w)) / u }
  fit <- nlminb(1 - smc(S), objective, gradient, lower = .005, upper = 1,
                control = list(rel.tol = 1e-15, x.tol = 1e-15, abs.tol = 0, iter.max = 1e4, eval.max = 1e4))
  e <- parts(fit$par); top <- 1:k
  L <- e$vectors[, top] %*% diag(sqrt(e$values[top] - if (method == "minres") 0 else 1))
  L <- if (method == "minres") L else sqrt(fit$par) * L
  ob <- quiet(oblimin(L, eps = 1e-9, maxit = 2000))
  list(uniqueness = fit$par, oblimin = list(loadings = matrix_of(ob$loadings), phi = matrix_of(ob$Phi)),
       varimax = list(loadings = matrix_of(varimax(L, eps = 1e-15)$loadings)))
}

factors <- lapply(sets, function(s) {
  r <- cor(s$d, use = "pairwise"); n <- nrow(s$d); k <- KMO(r); b <- cortest.bartlett(r, n = n)
  fits <- list()
  for (fm in c("minres", "ml")) for (rotation in c("none", "oblimin", "varimax", "promax"))
    fits[[paste0(fm, "_", rotation)]] <- solution(quiet(fa(s$d, nfactors = s$k, fm = fm, rotate = rotation, warnings = FALSE)))
  set.seed(1); pa <- quiet(fa.parallel(s$d, fm = "minres", fa = "both", n.iter = 100, plot = FALSE, quant = .95))
  list(n = n, k = s$k, items = colnames(s$d), kmo = k$MSA, kmo_items = as.numeric(k$MSAi),
       bartlett = list(chi_square = b$chisq, df = b$df, p = b$p.value), fa = fits,
       exact = list(minres = exact(r, s$k, "minres"), ml = exact(r, s$k, "ml")),
       parallel = list(nfact = pa$nfact, ncomp = pa$ncomp, fa_values = pa$fa.values, pc_values = pa$pc.values,
                       fa_random_mean = pa$fa.sim, pc_random_mean = pa$pc.sim, fa_resampled_mean = pa$fa.simr,
                       pc_resampled_mean = pa$pc.simr,
                       # 95th percentiles over the 100 draws: columns of $values are
                       # resampled components, resampled factors, normal components, normal factors
                       quantiles = matrix_of(matrix(apply(pa$values, 2, quantile, .95), ncol = 4))))
})
save(list(sets = factors), "validation_factors")
