# Writes tests/reference/unequal_spread.json. Run from the top folder: Rscript tests/reference/scripts/unequal_spread.R
# Brown & Forsythe's F* with both degrees of freedom by Mehrotra (1997), from traces of matrices: the moments of the
# quadratic form of the group means, whose covariance matrix is diagonal. For two groups that is oneway.test (Welch).
suppressMessages(library(jsonlite))
read <- function(name) read.csv(file.path("datasets", name, "data.csv"))
lq <- read("lq2002"); bhr <- read("bhr2000")
climate <- grep("^A[FPS]", names(bhr), value = TRUE)
star <- function(y, g) {
  n <- tapply(y, g, length); m <- tapply(y, g, mean); v <- tapply(y, g, var)
  between <- diag(n) - outer(n, n) / sum(n); covariance <- diag(v / n); both <- between %*% covariance
  expected <- sum(diag(both)); statistic <- drop(m %*% between %*% m) / expected
  df1 <- expected^2 / sum(diag(both %*% both)); df2 <- expected^2 / sum(diag(both)^2 / (n - 1))
  list(f = statistic, df1 = df1, df2 = df2, p = pf(statistic, df1, df2, lower.tail = FALSE))
}
two <- bhr[bhr$GRP %in% sort(unique(bhr$GRP))[1:2], ]
welch <- oneway.test(rowMeans(two[, climate]) ~ factor(two$GRP))
result <- list(
  lq2002_lead = star(rowMeans(lq[, sprintf("LEAD%02d", 1:11)]), lq$COMPID),
  lq2002_tsig = star(rowMeans(lq[, sprintf("TSIG%02d", 1:3)]), lq$COMPID),
  bhr2000_climate = star(rowMeans(bhr[, climate]), bhr$GRP),
  two_groups = list(groups = sort(unique(bhr$GRP))[1:2], f = welch$statistic[[1]], df1 = welch$parameter[[1]],
                    df2 = welch$parameter[[2]], p = welch$p.value)
)
writeLines(toJSON(list(made_by = "tests/reference/scripts/unequal_spread.R", R = R.version.string, packages = list(),
                       results = result), digits = NA, auto_unbox = TRUE, pretty = TRUE),
           "tests/reference/unequal_spread.json")
