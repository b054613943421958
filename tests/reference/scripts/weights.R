# Writes tests/reference/weights.json. Run from the top folder: Rscript tests/reference/scripts/weights.R
# The weights are made up: 1 + (7 * row mod 5) / 2, so that the tests can make them again.
suppressMessages({library(survey); library(psych); library(jsonlite)})
lq <- read.csv("datasets/lq2002/data.csv"); lead <- sprintf("LEAD%02d", 1:11)
lq$w <- 1 + ((7 * seq_len(nrow(lq))) %% 5) / 2
lq$score <- rowMeans(lq[, lead])
mean_of <- function(data) {
  d <- svydesign(ids = ~1, weights = ~w, data = data); m <- svymean(~score, d)
  list(n = nrow(data), mean = as.numeric(coef(m)), error = as.numeric(SE(m)), sd = sqrt(as.numeric(coef(svyvar(~score, d)))),
       interval = as.numeric(confint(m, df = nrow(data) - 1)), n_effective = sum(data$w)^2 / sum(data$w^2))
}
bfi <- read.csv("datasets/bfi/data.csv"); items <- c("C1", "C2", "C3", "C4", "C5")
w <- 1 + ((7 * seq_len(nrow(bfi))) %% 5) / 2
bfi$C4 <- 7 - bfi$C4; bfi$C5 <- 7 - bfi$C5
whole <- complete.cases(bfi[, items]); x <- bfi[whole, items]
r <- cor.wt(x, w = w[whole])$r
covariance <- as.matrix(svyvar(~C1 + C2 + C3 + C4 + C5, svydesign(ids = ~1, weights = ~w, data = cbind(x, w = w[whole]))))
share <- svymean(~factor(C1), svydesign(ids = ~1, weights = ~w, data = data.frame(C1 = x$C1, w = w[whole])))
solution <- fa(r, nfactors = 1, n.obs = nrow(x), fm = "minres", rotate = "none")
result <- list(
  lq2002_everybody = mean_of(lq), lq2002_company_2 = mean_of(lq[lq$COMPID == 2, ]), lq2002_others = mean_of(lq[lq$COMPID != 2, ]),
  bfi_conscientiousness = list(
    correlation = unname(r), covariance = unname(matrix(as.numeric(covariance), 5)), alpha = alpha(r)$total$raw_alpha,
    alpha_raw = (5 / 4) * (1 - sum(diag(covariance)) / sum(covariance)), kmo = KMO(r)$MSA, kmo_items = unname(KMO(r)$MSAi),
    loadings = as.numeric(solution$loadings), share_c1 = as.numeric(coef(share)))
)
versions <- sapply(c("survey", "psych"), function(p) as.character(packageVersion(p)))
writeLines(toJSON(list(made_by = "tests/reference/scripts/weights.R", R = R.version.string, packages = as.list(versions), results = result),
                  digits = NA, auto_unbox = TRUE, pretty = TRUE), "tests/reference/weights.json")
