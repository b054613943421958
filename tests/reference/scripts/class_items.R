# Reference values for tests/coursework/test_class_items.py: item statistics of an assignment.
#
#   Rscript tests/reference/scripts/class_items.R      (from the top of the repository)
#
# Packages: psych 2.2.9, jsonlite. Writes class_items.json with the (synthetic) points in it. The index of upper and
# lower groups is by its definition (Kelley 1939): 27 % at each end; who ties at the border is averaged over 40,000
# random orders of the class.
options(digits = 15)
suppressMessages({library(psych); library(jsonlite)})

one <- function(n, seed, out_of, load) {
  set.seed(seed)
  ability <- rnorm(n)
  points <- mapply(function(top, l) { x <- pnorm(l * ability + rnorm(n) * sqrt(1 - l^2) + .5); round(x * top * 2) / 2 },
                   out_of, load)
  colnames(points) <- paste0("q", seq_along(out_of))
  fit <- suppressWarnings(psych::alpha(points, check.keys = FALSE))
  total <- rowSums(points); size <- max(1, round(.27 * n))
  share <- sweep(points, 2, out_of, "/")
  difference <- replicate(40000, { o <- order(total, runif(n)); colMeans(share[tail(o, size), ]) - colMeans(share[o[1:size], ]) })
  r <- fit$item.stats$r.drop
  list(points = points, out_of = out_of, raw_alpha = fit$total$raw_alpha, r_drop = r,
       feldt = c(fit$feldt$lower.ci[[1]], fit$feldt$upper.ci[[1]]),
       alpha_drop = fit$alpha.drop$raw_alpha, mean = fit$item.stats$mean, sd = fit$item.stats$sd,
       difficulty = fit$item.stats$mean / out_of,
       fisher_low = sapply(r, function(x) psych::r.con(x, n)[1]), fisher_high = sapply(r, function(x) psych::r.con(x, n)[2]),
       sem = sd(total) * sqrt(1 - fit$total$raw_alpha),
       upper_lower = rowMeans(difference), simulation_error = apply(difference, 1, sd) / sqrt(40000))
}
results <- list(
  large = one(120, 1, c(6, 4, 10, 8, 5, 7), c(.8, .6, .7, .1, -.4, .5)),
  small = one(17, 2, c(2, 3, 1), c(.7, .7, .5)))
write_json(list(made_by = "tests/reference/scripts/class_items.R",
                versions = list(R = R.version.string, psych = as.character(packageVersion("psych"))), results = results),
           "tests/reference/class_items.json", digits = NA, auto_unbox = TRUE)
