# Every model of tests/sem/cases.py in lavaan, from the folder that tools/export_sem_cases.py wrote:
#   Rscript sem_exported.R FOLDER OUT.json [LIBRARY]        LIBRARY: where another version of lavaan is installed
# SEM_ONLY may name some of the models, separated by spaces.
# Estimates, standardised estimates, fit measures; of version 0.6-14 also modification indices, residual correlations
# and the scores of the first respondents (not of ordered items: a search for each respondent takes hours).
args <- commandArgs(TRUE); IN <- args[1]; OUT <- args[2]; ONLY <- Sys.getenv("SEM_ONLY")
if (length(args) > 2) .libPaths(c(args[3], .libPaths()))
suppressMessages({library(jsonlite); library(lavaan)})
old <- packageVersion("lavaan") < "0.6.15"
if (old) suppressMessages(library(semTools))
cases <- fromJSON(file.path(IN, "cases.json"), simplifyVector = FALSE)
one <- function(x) if (is.null(x)) NULL else unlist(x)
words <- c(residual_covariances = "residual.covariances", lv_variances = "lv.variances", lv_covariances = "lv.covariances")
word <- function(x) ifelse(x %in% names(words), words[x], x)
digits <- function(x, k = 10) if (is.numeric(x)) signif(as.numeric(x), k) else as.character(x)
table_of <- function(d, keep) { d <- as.list(as.data.frame(d)); names(d)[names(d) == "est.std"] <- "est"; lapply(d[intersect(keep, names(d))], digits) }
attempt <- function(e) tryCatch(suppressWarnings(e), error = function(e) list(error = conditionMessage(e)))

arguments <- function(case) {
  o <- case$options; a <- list(model = case$model)
  put <- function(theirs, value) if (!is.null(value)) a[[theirs]] <<- value
  put("estimator", o$estimator); put("group", o$group); put("cluster", o$cluster); put("sampling.weights", o$weights)
  put("std.lv", o$std_lv); put("orthogonal", o$orthogonal); put("meanstructure", o$meanstructure); put("information", o$information)
  put("parameterization", o$parameterization); put("likelihood", o$likelihood); put("fixed.x", o$fixed_x)
  if (identical(o$missing, "fiml")) a$missing <- "fiml"
  if (length(o$equal)) a$group.equal <- unname(word(one(o$equal)))
  if (length(o$free)) a$group.partial <- unname(gsub("~ 1", "~1", one(o$free)))
  if (is.null(case$moments)) {
    a$data <- read.csv(file.path(IN, paste0(case$data, ".csv")))
    if (!is.null(o$ordered)) a$ordered <- if (isTRUE(o$ordered)) TRUE else one(o$ordered)
  } else {
    matrices <- lapply(case$moments, function(m) { v <- matrix(unlist(m$values), length(m$names), byrow = TRUE, dimnames = list(one(m$names), one(m$names)))
      if (m$kind == "cor" && !is.null(m$sd)) cor2cov(v, one(m$sd)) else v })
    means <- lapply(case$moments, function(m) one(m$mean)); n <- lapply(case$moments, function(m) m$n)
    a$sample.cov <- if (length(matrices) == 1) matrices[[1]] else matrices
    a$sample.nobs <- if (length(n) == 1) n[[1]] else n
    if (!is.null(means[[1]])) a$sample.mean <- if (length(means) == 1) means[[1]] else means
  }
  a
}
# Ordered items in groups with equal thresholds: identified as Wu & Estabrook (2016), which lavaan's group.equal is not.
ladder <- function(a) {
  items <- unique(lavaanify(a$model)$rhs[lavaanify(a$model)$op == "=~"])
  measEq.syntax(a$model, data = a$data, ordered = items, parameterization = "theta", ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016",
                group = a$group, group.equal = if (is.null(a$group.equal)) "" else a$group.equal, return.fit = TRUE)
}
residual_cor <- function(f) { r <- residuals(f, type = "cor"); if (!is.null(r$cov)) r <- list(r)
  lapply(r, function(g) { v <- unclass(g$cov); list(names = rownames(v), values = digits(v[lower.tri(v)])) }) }
scores_of <- function(f) { s <- lavPredict(f); if (!is.list(s)) s <- list(s)
  lapply(s, function(g) { g <- unclass(as.matrix(g)); g <- g[seq_len(min(6, nrow(g))), , drop = FALSE]; list(names = colnames(g), values = apply(g, 1, digits, simplify = FALSE)) }) }

out <- list()
for (name in names(cases)) {
  if (ONLY != "" && !name %in% strsplit(ONLY, " ")[[1]]) next
  case <- cases[[name]]; a <- arguments(case)
  in_ladder <- isTRUE(case$options$ordered) && !is.null(case$options$group) && isTRUE(case$options$std_lv)
  if (in_ladder && !old) next
  # Where lavaan's usual stopping rules leave it more than 1e-5 from its optimum, or its EM from the saturated moments.
  if (name %in% c("user_second_order_covariate", "user_growth_mlr_fiml") && old)
    a <- c(a, list(optim.force.converged = TRUE, control = list(rel.tol = 1e-15, x.tol = 1e-12, iter.max = 20000, eval.max = 40000)),
           if (identical(a$missing, "fiml")) list(em.h1.tol = 1e-10, em.h1.iter.max = 20000))
  started <- proc.time()[[3]]
  f <- attempt(if (in_ladder) ladder(a) else do.call("sem", a))
  if (is.list(f)) { out[[name]] <- f; cat(name, "ERROR", f$error, "\n"); next }
  keys <- c("lhs", "op", "rhs", "group", "est", "se")
  out[[name]] <- list(converged = lavInspect(f, "converged"), fit = attempt(lapply(as.list(unclass(fitMeasures(f))), digits)),
    estimates = attempt(table_of(parameterEstimates(f, remove.nonfree = FALSE), keys)), standardized = attempt(table_of(standardizedSolution(f), keys)))
  if (old) out[[name]] <- c(out[[name]], list(mi = attempt(table_of(modindices(f), c("lhs", "op", "rhs", "group", "mi", "epc", "sepc.lv", "sepc.all"))),
    residuals = attempt(residual_cor(f)), scores = if (is.null(a$ordered)) attempt(scores_of(f))))
  cat(name, round(proc.time()[[3]] - started, 1), "\n")
}
writeLines(toJSON(list(meta = list(script = "sem_exported.R", R = R.version.string, lavaan = as.character(packageVersion("lavaan"))), results = out),
                  digits = NA, auto_unbox = TRUE, na = "null", null = "null"), OUT)
