# Reference values for tests/validation: screening of respondents, missing answers, distribution of the answers.
#
#   Rscript tests/reference/scripts/screening.R      (from the top of the repository)
#
# Packages: psych 2.2.9, lavaan 0.6-14, jsonlite. Writes screening.json. Indices by respondent are written out from
# their definitions with rle, sd, mahalanobis and cor, a row at a time.
options(digits = 15)
suppressMessages({library(psych); library(lavaan); library(jsonlite)})
read <- function(name) read.csv(file.path("datasets", name, "data.csv"))
quiet <- function(x) { sink(tempfile()); on.exit(sink()); suppressMessages(suppressWarnings(force(x))) }
bfi <- read("bfi"); items <- paste0(rep(c("A", "C", "E", "N", "O"), each = 5), 1:5)
reversed <- c("A1", "C4", "C5", "E1", "E2", "O2", "O5")
x <- as.matrix(bfi[, items]); turned <- x; turned[, reversed] <- 7 - turned[, reversed]
cs <- as.matrix(read("customersat")[, paste0("q", 1:10)])
r_of <- function(a, b) {       # correlation over the places that both hold; NA with fewer than three or no variance
  both <- !is.na(a) & !is.na(b)
  if (sum(both) < 3 || sd(a[both]) == 0 || sd(b[both]) == 0) NA else cor(a[both], b[both])
}
longstring <- function(x) t(apply(x, 1, function(row) {
  runs <- rle(row); runs <- runs$lengths[!is.na(runs$values)]     # rle never joins missing answers to anything
  c(max(runs), mean(runs))
}))
distance <- function(x) {      # everybody's mean and pairwise covariances, on the items that the respondent answered
  m <- colMeans(x, na.rm = TRUE); S <- cov(x, use = "pairwise.complete.obs")
  t(apply(x, 1, function(row) { o <- !is.na(row); d <- mahalanobis(row[o], m[o], S[o, o])
    c(d, pchisq(d, sum(o), lower.tail = FALSE)) }))
}
even_odd <- function(turned, blocks) apply(turned, 1, function(row) {
  half <- function(block, which) mean(row[block][which], na.rm = TRUE)
  odd <- sapply(blocks, half, c(TRUE, FALSE)); even <- sapply(blocks, half, c(FALSE, TRUE))
  r <- r_of(odd, even); max(2 * r / (1 + r), -1)
})
pairs_of <- function(x, keep) {
  r <- cor(x, use = "pairwise.complete.obs"); r[lower.tri(r, diag = TRUE)] <- NA
  which(!is.na(r) & keep(r), arr.ind = TRUE)
}
by_pairs <- function(x, p) apply(x, 1, function(row) r_of(row[p[, 1]], row[p[, 2]]))
person_total <- function(x) sapply(seq_len(nrow(x)), function(i) r_of(x[i, ], colMeans(x[-i, ], na.rm = TRUE)))
blocks <- split(items, rep(1:5, each = 5))
first <- 1:150
d <- distance(x)
synonyms <- pairs_of(x, function(r) r > .40); antonyms <- pairs_of(x, function(r) r < -.40)
few <- pairs_of(x, function(r) r < -.30)
indices <- function(values) values[first]
bfi_out <- list(
  longstring_max = indices(longstring(x)[, 1]), longstring_mean = indices(longstring(x)[, 2]),
  irv = indices(apply(x, 1, sd, na.rm = TRUE)), mahalanobis = indices(d[, 1]), mahalanobis_p = indices(d[, 2]),
  even_odd = indices(even_odd(turned, blocks)), n_synonyms = nrow(synonyms), synonyms = indices(by_pairs(x, synonyms)),
  n_antonyms_40 = nrow(antonyms), n_antonyms = nrow(few), antonyms = indices(by_pairs(x, few)),
  person_total = indices(person_total(x)[first]), n_below_001 = sum(d[, 2] < .001))
out <- quiet(outlier(as.data.frame(cs), plot = FALSE))
p <- pairs_of(cs, function(r) r > .60)
customersat_out <- list(outlier_first10 = as.numeric(out)[1:10], outlier_max = max(out),
  n_below_001 = sum(pchisq(out, 10, lower.tail = FALSE) < .001), n_synonyms = nrow(p),
  synonyms = by_pairs(cs, p)[first], longstring_max = longstring(cs)[first, 1])

# --- what leaving out the distant respondents changes -------------------------------------------------------------
keep <- d[, 2] >= .001
five <- function(letter, rows) turned[rows, paste0(letter, 1:5)]
score <- function(block) { s <- rowMeans(block, na.rm = TRUE); s[rowMeans(!is.na(block)) < .5] <- NA; s }
raw_alpha <- function(block) quiet(alpha(block, check.keys = FALSE, warnings = FALSE))$total$raw_alpha
exclusion <- list(excluded = sum(!keep), dimensions = lapply(c("A", "C", "E", "N", "O"), function(l) list(
  mean = mean(score(five(l, TRUE)), na.rm = TRUE), mean_kept = mean(score(five(l, keep)), na.rm = TRUE),
  sd = sd(score(five(l, TRUE)), na.rm = TRUE), alpha = raw_alpha(five(l, TRUE)), alpha_kept = raw_alpha(five(l, keep)))))

# --- Little (1988) from lavaan's saturated moments -----------------------------------------------------------------
little <- function(x) {
  model <- paste("f =~", paste(colnames(x), collapse = " + "))
  fit <- cfa(model, as.data.frame(x), missing = "fiml", do.fit = FALSE, em.h1.tol = 1e-13, em.h1.iter.max = 100000)
  s <- lavInspect(fit, "sampstat"); mu <- unclass(s$mean); n <- nrow(x); S <- unclass(s$cov) * n / (n - 1)
  key <- apply(is.na(x), 1, paste, collapse = ""); d2 <- 0; df <- -ncol(x)
  for (k in unique(key)) {
    i <- which(key == k); o <- !is.na(x[i[1], ])
    d2 <- d2 + length(i) * mahalanobis(colMeans(x[i, o, drop = FALSE]), mu[o], S[o, o]); df <- df + sum(o)
  }
  list(n = n, patterns = length(unique(key)), chi_square = d2, df = df, p_value = pchisq(d2, df, lower.tail = FALSE))
}
hm <- as.matrix(read.csv("tests/sem/data/hs1939_missing.csv")[, paste0("x", 1:9)])
key <- apply(is.na(x), 1, function(m) paste(items[m], collapse = ", "))
counts <- table(key)
frequencies <- response.frequencies(bfi[, items], max = 10)
results <- list(
  bfi = bfi_out, customersat = customersat_out, exclusion = exclusion,
  little = list(hs1939_missing = little(hm), bfi = little(x)),
  patterns = list(missing = as.numeric(colMeans(is.na(x))), n_patterns = length(counts), n_complete = sum(key == ""),
                  shared_by_five = as.list(counts[counts >= 5 & names(counts) != ""]), n_rare = sum(counts[counts < 5])),
  frequencies = list(item = rownames(frequencies), share = unname(unclass(frequencies[, 1:6]))))
versions <- list(R = R.version.string, psych = as.character(packageVersion("psych")),
                 lavaan = as.character(packageVersion("lavaan")))
writeLines(toJSON(list(made_by = "tests/reference/scripts/screening.R", versions = versions, results = results),
                  digits = NA, auto_unbox = TRUE, matrix = "rowmajor", na = "null"),
           "tests/reference/screening.json")
