# Reference values for tests/validation: structure, validity by models, common method, criterion validity.
#
#   Rscript tests/reference/scripts/structure.R      (from the top of the repository)
#
# Packages: lavaan 0.6-14, semTools 0.5-6, jsonlite. Writes validation_structure.json.
options(digits = 15)
suppressMessages({library(lavaan); library(semTools); library(jsonlite)})
read <- function(name) read.csv(file.path("datasets", name, "data.csv"))
versions <- list(R = R.version.string, lavaan = as.character(packageVersion("lavaan")),
                 semTools = as.character(packageVersion("semTools")))
wanted <- c("npar", "chisq", "df", "pvalue", "chisq.scaled", "df.scaled", "pvalue.scaled", "cfi", "tli", "rmsea",
            "rmsea.ci.lower", "rmsea.ci.upper", "cfi.robust", "tli.robust", "rmsea.robust", "rmsea.ci.lower.robust",
            "rmsea.ci.upper.robust", "cfi.scaled", "tli.scaled", "rmsea.scaled", "rmsea.ci.lower.scaled",
            "rmsea.ci.upper.scaled", "srmr", "aic", "bic")
fit_of <- function(f) { m <- fitMeasures(f); as.list(m[intersect(wanted, names(m))]) }
loadings_of <- function(f) {
  s <- standardizedSolution(f); s <- s[s$op == "=~", ]
  list(lhs = s$lhs, rhs = s$rhs, est = s$est.std, se = s$se, low = s$ci.lower, high = s$ci.upper)
}
correlations_of <- function(f) {
  s <- standardizedSolution(f); s <- s[s$op == "~~" & s$lhs != s$rhs, ]
  list(lhs = s$lhs, rhs = s$rhs, est = s$est.std, low = s$ci.lower, high = s$ci.upper)
}
matrix_of <- function(x) { x <- unclass(as.matrix(x)); list(rows = rownames(x), values = unname(matrix(as.numeric(x), nrow(x), ncol(x)))) }
quietly <- function(x) suppressMessages(suppressWarnings(force(x)))
largest <- function(f) {
  m <- modindices(f, sort. = TRUE, maximum.number = 20)
  list(lhs = m$lhs, op = m$op, rhs = m$rhs, mi = m$mi, sepc = m$sepc.all)
}
dims_of <- function(d) paste(sapply(names(d), function(k) paste(k, "=~", paste(d[[k]], collapse = "+"))), collapse = "\n")

hs <- read("hs1939"); bfi <- read("bfi"); cs <- read("customersat"); cu <- read("culture_synthetic")
hs_d <- list(visual = c("x1","x2","x3"), textual = c("x4","x5","x6"), speed = c("x7","x8","x9"))
items <- paste0(rep(c("A", "C", "E", "N", "O"), each = 5), 1:5)
turned <- bfi[, items]; for (k in c("A1","C4","C5","E1","E2","O2","O5")) turned[[k]] <- 7 - turned[[k]]
bfi_d <- list(agreeableness = items[1:5], conscientiousness = items[6:10], extraversion = items[11:15],
              neuroticism = items[16:20], openness = items[21:25])
cs_d <- list(price = c("q2","q3","q4"), effectiveness = paste0("q", 5:10))
codes <- c("CI","CF","MI","MF","PV","EM","XC","SA")
cu_d <- setNames(lapply(codes, function(k) paste0(k, 1:5)), c("customer_insight", "customer_foresight", "competitor_insight",
  "competitor_foresight", "peripheral_vision", "empowerment", "collaboration", "strategic_alignment"))
cu_t <- cu[, unlist(cu_d)]; for (k in c("CI4","CF4","MF4","PV4","XC3","SA4")) cu_t[[k]] <- 8 - cu_t[[k]]

models <- function(d, higher = "general") {
  first <- dims_of(d); all <- paste(unlist(d), collapse = "+")
  list(`one-factor` = list(paste("general =~", all), FALSE), `first-order` = list(first, FALSE), orthogonal = list(first, TRUE),
       `second-order` = list(paste0(first, "\n", higher, " =~ ", paste(names(d), collapse = "+")), FALSE),
       bifactor = list(paste0("general =~ ", all, "\n", first), TRUE))
}
fits_of <- function(d, data, higher = "general", which = c("one-factor","first-order","orthogonal","second-order","bifactor"), ...) {
  m <- models(d, higher)[which]
  lapply(m, function(one) quietly(cfa(one[[1]], data, std.lv = TRUE, orthogonal = one[[2]], ...)))
}
shown <- function(fits, extra = TRUE) lapply(fits, function(f) c(list(n = lavInspect(f, "ntotal"), fit = fit_of(f), loadings = loadings_of(f)),
  if (extra) list(modindices = quietly(largest(f)))))

out <- list()
hs_fits <- fits_of(hs_d, hs, estimator = "MLR"); out$hs1939_mlr <- shown(hs_fits)
out$hs1939_ml <- shown(fits_of(hs_d, hs, estimator = "ML"))
complete <- na.omit(turned); out$bfi_mlr <- shown(fits_of(bfi_d, complete, estimator = "MLR"))
bfi_w <- fits_of(bfi_d, complete, ordered = TRUE, which = c("one-factor", "first-order", "second-order")); out$bfi_wlsmv <- shown(bfi_w)
out$bfi_fiml <- shown(fits_of(bfi_d, turned, estimator = "MLR", missing = "fiml", which = "first-order"))
cu_c <- na.omit(cu_t)
out$culture_mlr <- shown(fits_of(cu_d, cu_c, "customer_culture", estimator = "MLR", which = c("first-order", "second-order")))
out$customersat_mlr <- shown(fits_of(cs_d, cs, estimator = "MLR", which = c("one-factor", "first-order")))
first <- cfa(dims_of(hs_d), hs, std.lv = TRUE)
res <- residuals(first, type = "cor")$cov; z <- lavResiduals(first, type = "raw")$cov.z
out$hs1939_residuals <- list(cor = matrix_of(res), z = matrix_of(z))

# --- bifactor indices, from the standardised loadings -----------------------------------------------------------------
b <- out$bfi_mlr$bifactor$loadings; g <- b$lhs == "general"
lam <- b$est[g]; spec <- b$est[!g]; group <- b$lhs[!g]; u <- 1 - lam^2 - spec^2
k <- table(group); pairs <- length(lam) * (length(lam) - 1) / 2
out$bfi_bifactor <- list(ecv = sum(lam^2) / sum(lam^2 + spec^2),
  omega_h = sum(lam)^2 / (sum(lam)^2 + sum(tapply(spec, group, sum)^2) + sum(u)),
  puc = (pairs - sum(k * (k - 1) / 2)) / pairs)

# --- validity ------------------------------------------------------------------------------------------------------
validity <- function(d, data, htmt_data = data, ...) {
  syntax <- dims_of(d); f <- quietly(cfa(syntax, data, std.lv = TRUE, ...))
  list(ave = as.list(quietly(AVE(f))), omega = as.list(quietly(compRelSEM(f))), correlations = correlations_of(f),
       htmt = matrix_of(quietly(htmt(syntax, data = htmt_data, htmt2 = FALSE))),
       htmt2 = matrix_of(quietly(htmt(syntax, data = htmt_data, htmt2 = TRUE))))
}
out$validity <- list(hs1939 = validity(hs_d, hs, estimator = "MLR"), bfi = validity(bfi_d, complete, estimator = "MLR"),
                     customersat = validity(cs_d, cs, estimator = "MLR"))
# discriminantValidity() refits by the call of the model and looks for its data in the global environment.
disc <- function(f) { x <- quietly(discriminantValidity(f, cutoff = .9)); list(lhs = x$lhs, rhs = x$rhs, est = x$est, low = x$ci.lower, high = x$ci.upper) }
syntax <- dims_of(hs_d); the_fit <- cfa(syntax, hs, std.lv = TRUE); out$validity$hs1939$discriminant <- disc(the_fit)
syntax <- dims_of(bfi_d); the_fit <- cfa(syntax, complete, std.lv = TRUE); out$validity$bfi$discriminant <- disc(the_fit)
f <- cfa(dims_of(bfi_d), complete, ordered = TRUE, std.lv = TRUE)
out$validity$bfi_ordered <- list(ave = as.list(quietly(AVE(f))), correlations = correlations_of(f),
  htmt = matrix_of(quietly(htmt(dims_of(bfi_d), data = complete, ordered = items, htmt2 = FALSE))))

# --- common method: unmeasured factor, marker (Williams, Hartman & Cavazotte 2010) -----------------------------------
measures <- function(f) as.list(fitMeasures(f, c("chisq", "df", "cfi", "rmsea", "srmr")))
difference <- function(a, b) { x <- lavTestLRT(a, b); list(chisq = x[2, "Chisq diff"], df = x[2, "Df diff"], p = x[2, "Pr(>Chisq)"]) }
unmeasured <- function(d, data) {
  keys <- unlist(d); base <- dims_of(d); zero <- paste0("method ~~ ", paste0("0*", names(d), collapse = "+"))
  f0 <- cfa(base, data, std.lv = TRUE)
  f1 <- cfa(paste(base, paste("method =~", paste0("m*", keys, collapse = "+")), zero, sep = "\n"), data, std.lv = TRUE)
  f2 <- quietly(cfa(paste(base, paste("method =~", paste(keys, collapse = "+")), zero, sep = "\n"), data, std.lv = TRUE))
  share <- function(f) { s <- standardizedSolution(f); mean(s$est.std[s$op == "=~" & s$lhs == "method"]^2) }
  list(trait = measures(f0), equal = measures(f1), free = measures(f2), equal_difference = difference(f0, f1), share_equal = share(f1),
       share_free = share(f2))
}
four <- bfi_d[1:4]
out$unmeasured <- list(bfi = unmeasured(bfi_d, complete))
marker <- function(d, m, data) {
  keys <- unlist(d); base <- dims_of(d); own <- m[[1]]; name <- names(m)
  cfa_fit <- cfa(paste(base, dims_of(m), sep = "\n"), data, std.lv = TRUE)
  pe <- parameterEstimates(cfa_fit)
  load <- pe$est[pe$op == "=~" & pe$lhs == name]; theta <- sapply(own, function(i) pe$est[pe$op == "~~" & pe$lhs == i & pe$rhs == i])
  number <- function(x) sprintf("%.15g", x)
  fixed <- paste(c(paste(name, "=~", paste0(number(load), "*", own, collapse = "+")), paste0(own, " ~~ ", number(theta), "*", own)), collapse = "\n")
  zero <- paste0(name, " ~~ ", paste0("0*", names(d), collapse = "+"))
  with <- function(terms, more = "") paste(base, fixed, zero, terms, more, sep = "\n")
  fb <- cfa(with(""), data, std.lv = TRUE)
  fc <- cfa(with(paste(name, "=~", paste0("m*", keys, collapse = "+"))), data, std.lv = TRUE)
  fu <- cfa(with(paste(name, "=~", paste(keys, collapse = "+"))), data, std.lv = TRUE)
  pb <- parameterEstimates(fb); pb <- pb[pb$op == "~~" & pb$lhs %in% names(d) & pb$rhs %in% names(d) & pb$lhs != pb$rhs, ]
  held <- paste0(pb$lhs, " ~~ ", number(pb$est), "*", pb$rhs, collapse = "\n")
  fr <- cfa(with(paste(name, "=~", paste(keys, collapse = "+")), held), data, std.lv = TRUE)
  share <- function(f) { s <- standardizedSolution(f); mean(s$est.std[s$op == "=~" & s$lhs == name & s$rhs %in% keys]^2) }
  list(cfa = measures(cfa_fit), baseline = measures(fb), equal = measures(fc), free = measures(fu), restricted = measures(fr),
       equal_difference = difference(fb, fc), free_difference = difference(fc, fu), restricted_difference = difference(fu, fr),
       share_equal = share(fc), share_free = share(fu))
}
out$marker <- list(bfi = marker(four, bfi_d[5], complete))
p <- prcomp(complete, scale. = TRUE); out$harman <- list(bfi = p$sdev[1]^2 / 25)

# --- criterion validity ------------------------------------------------------------------------------------------------
scores <- as.data.frame(lapply(cs_d, function(k) rowMeans(cs[, k]))); scores$overall <- cs$q1
m <- lm(overall ~ price + effectiveness, scores); h <- hatvalues(m); n <- nrow(scores)
press <- sum((residuals(m) / (1 - h))^2)
out$criterion <- list(customersat = list(r2 = summary(m)$r.squared, adjusted = summary(m)$adj.r.squared,
  leave_one_out = 1 - press / sum(((scores$overall - mean(scores$overall)) * n / (n - 1))^2),
  correlations = lapply(names(cs_d), function(k) { x <- cor.test(scores[[k]], scores$overall); list(r = unname(x$estimate), low = x$conf.int[1], high = x$conf.int[2], p = x$p.value) })))

writeLines(toJSON(list(made_by = "tests/reference/scripts/structure.R", versions = versions, results = out),
                  digits = NA, auto_unbox = TRUE, matrix = "rowmajor", na = "null"),
           file.path("tests", "reference", "validation_structure.json"))
