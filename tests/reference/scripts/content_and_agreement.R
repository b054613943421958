# Reference values for tests/validation: content validity, agreement of coders and raters, formative topics.
#
#   Rscript tests/reference/scripts/content_and_agreement.R      (from the top of the repository)
#
# Packages: psych 2.2.9, numDeriv 2016.8-1.1, jsonlite. Writes content_and_agreement.json. Krippendorff's alpha is
# computed here pair by pair from its definition, standard errors of kappa by numerical derivatives (delta method).
options(digits = 15)
suppressMessages({library(psych); library(numDeriv); library(jsonlite)})
example <- function(name) read.csv(file.path("docs", "examples", paste0(name, "_synthetic.csv")), na.strings = "")

# --- content validity -------------------------------------------------------------------------------------------
critical <- sapply(5:60, function(n) { k <- qbinom(.95, n, .5) + 1; (2 * k - n) / n })
essential <- as.matrix(example("expert_essential")[, -1]) == "yes"
e <- rowSums(essential, na.rm = TRUE); n <- rowSums(!is.na(essential))
cvr <- list(item = example("expert_essential")$item, essential = e, experts = n, cvr = (e - n / 2) / (n / 2),
            p = mapply(function(k, m) binom.test(k, m, .5, alternative = "greater")$p.value, e, n))
relevance <- as.matrix(example("expert_relevance")[, -1])
a <- rowSums(relevance >= 3, na.rm = TRUE); n <- rowSums(!is.na(relevance)); chance <- dbinom(a, n, .5)
wilson <- function(k, m) as.numeric(suppressWarnings(prop.test(k, m, correct = FALSE))$conf.int)
cvi <- list(relevant = a, i_cvi = a / n, chance = chance, kappa = (a / n - chance) / (1 - chance),
            low = mapply(function(k, m) wilson(k, m)[1], a, n), high = mapply(function(k, m) wilson(k, m)[2], a, n),
            ave = mean(a / n), ua = mean(a == n))
sort <- as.matrix(example("expert_sort")[, -1])
dims <- c("customer_insight", "customer_foresight", "competitor_insight", "competitor_foresight", "peripheral_vision",
          "empowerment", "collaboration", "strategic_alignment")
sorted <- lapply(seq_len(nrow(sort)), function(i) { x <- sort[i, !is.na(sort[i, ])]; own <- dims[(i - 1) %/% 5 + 1]
  hits <- sum(x == own); rival <- max(0, table(factor(x[x != own & x != "none"], levels = dims)))
  c(hits / length(x), (hits - rival) / length(x), binom.test(hits, length(x), .5, alternative = "greater")$p.value) })
sorted <- do.call(rbind, sorted)

# --- two coders: kappa ------------------------------------------------------------------------------------------
cs <- read.csv(file.path("datasets", "customersat", "data.csv"))[1:300, ]
k <- cohen.kappa(cbind(cs$q1, cs$q2)); levels <- 1:10
joint <- unclass(table(factor(cs$q1, levels), factor(cs$q2, levels))) / 300
kappa_of <- function(p, w) { p <- matrix(p, 10); o <- sum(w * p); e <- sum(w * outer(rowSums(p), colSums(p))); (o - e) / (1 - e) }
delta <- function(w) { g <- grad(kappa_of, as.numeric(joint), w = w); p <- as.numeric(joint)
  list(kappa = kappa_of(joint, w), se = sqrt((sum(g^2 * p) - sum(g * p)^2) / 300)) }
apart <- abs(outer(levels, levels, "-")) / 9
kappa <- list(psych = k$kappa, psych_quadratic = k$weighted.kappa, psych_ci = as.numeric(k$confid[1, c(1, 3)]),
              identity = delta(diag(10)), linear = delta(1 - apart), quadratic = delta(1 - apart^2))

# --- any number of coders: Krippendorff's alpha from its definition ---------------------------------------------
krippendorff <- function(units, scale) {           # units: list of vectors of values
  units <- Filter(function(x) length(x) > 1, lapply(units, function(x) x[!is.na(x)])); all <- unlist(units)
  count <- table(all); values <- as.numeric(names(count)); n <- length(all)
  d <- function(c, k) switch(scale, nominal = as.numeric(c != k), interval = (c - k)^2,
    ordinal = { lo <- min(c, k); hi <- max(c, k); b <- values >= lo & values <= hi
                (sum(count[b]) - (count[[as.character(c)]] + count[[as.character(k)]]) / 2)^2 })
  D <- outer(values, values, Vectorize(d)); at <- function(x) match(x, values)
  observed <- sum(sapply(units, function(x) sum(D[at(x), at(x)]) / (length(x) - 1))) / n
  expected <- sum(D[at(all), at(all)]) / (n * (n - 1))
  1 - observed / expected
}
rows <- function(x) lapply(seq_len(nrow(x)), function(i) unlist(x[i, ]))
scales <- c("nominal", "ordinal", "interval")
audit <- example("customer_audit"); items <- names(audit)[-(1:2)]
by_question <- function(x) unlist(lapply(split(x, x$organisation), function(o) lapply(items, function(i) o[[i]])), recursive = FALSE)
north <- audit[audit$organisation == "Synthetic North", ]
alpha <- list(customersat = sapply(scales, function(s) krippendorff(rows(cs[, c("q1", "q2", "q3")]), s)),
              audit = krippendorff(by_question(audit), "ordinal"), north = krippendorff(by_question(north), "ordinal"))

# --- formative topics -------------------------------------------------------------------------------------------
topic <- sub("[0-9]+$", "", items)
score <- function(x) sapply(unique(topic), function(t) { y <- x[, items[topic == t]]
  ifelse(rowMeans(!is.na(y)) >= .5, rowMeans(y, na.rm = TRUE), NA) })
of_topics <- function(s) list(mean = unname(colMeans(s, na.rm = TRUE)),
  low = unname(apply(s, 2, function(x) t.test(x)$conf.int[1])), high = unname(apply(s, 2, function(x) t.test(x)$conf.int[2])))
s <- score(audit); means <- t(sapply(split(as.data.frame(s), audit$organisation), colMeans, na.rm = TRUE))
complete <- north; complete[is.na(complete)] <- 2; own <- rowMeans(score(complete))
formative <- list(north = of_topics(score(north)), organisations = of_topics(means),
                  index = as.list(rowMeans(means)),
                  complete_north = list(index = mean(own), low = t.test(own)$conf.int[1], high = t.test(own)$conf.int[2]))

versions <- list(R = R.version.string, psych = as.character(packageVersion("psych")),
                 numDeriv = as.character(packageVersion("numDeriv")))
out <- list(made_by = "tests/reference/scripts/content_and_agreement.R", versions = versions,
            results = list(critical_cvr = list(experts = 5:60, critical = critical), cvr = cvr, cvi = cvi,
                           sort = list(p_sa = sorted[, 1], c_sv = sorted[, 2], p = sorted[, 3]),
                           kappa = kappa, alpha = lapply(alpha, as.list), formative = formative))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null"),
           file.path("tests", "reference", "content_and_agreement.json"))
