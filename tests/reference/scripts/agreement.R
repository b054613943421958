# Writes tests/reference/agreement.json. Run from the top folder: Rscript tests/reference/scripts/agreement.R
suppressMessages({library(multilevel); library(psych); library(jsonlite)})
read <- function(name) read.csv(file.path("datasets", name, "data.csv"))
lq <- read("lq2002"); bhr <- read("bhr2000")
uniform5 <- (5^2 - 1) / 12
both <- function(items, g, null = uniform5) {
  james <- rwg.j(items, g, null); lindell <- rwg.j.lindell(items, g, null)
  list(group = as.character(lindell$grpid), rwg_j_star = lindell$rwg.lindell, mean = mean(lindell$rwg.lindell),
       median = median(lindell$rwg.lindell), james_mean = mean(james$rwg.j), james_median = median(james$rwg.j))
}
climate <- grep("^A[FPS]", names(bhr), value = TRUE)
# ICC1k with its interval takes groups of one size: the ratings of Shrout & Fleiss (1979), and of lq2002 the companies
# of 12 members or more, the first 12 of each.
sf <- matrix(c(9, 2, 5, 8, 6, 1, 3, 2, 8, 4, 6, 8, 7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7), ncol = 4, byrow = TRUE)
lead <- rowMeans(lq[, sprintf("LEAD%02d", 1:11)])
twelve <- do.call(rbind, lapply(split(lead, lq$COMPID), function(x) if (length(x) >= 12) x[1:12]))
icc1k <- function(x) {
  row <- ICC(x, lmer = FALSE)$results["Average_raters_absolute", ]
  list(icc = row$ICC, low = row[["lower bound"]], high = row[["upper bound"]], f = row$F)
}
result <- list(
  icc1k_shrout = icc1k(sf), icc1k_lq2002_lead = icc1k(twelve),
  lq2002_lead = both(lq[, sprintf("LEAD%02d", 1:11)], lq$COMPID), lq2002_tsig = both(lq[, sprintf("TSIG%02d", 1:3)], lq$COMPID),
  bhr2000_climate = both(bhr[, climate], bhr$GRP), bhr2000_climate_skewed = both(bhr[, climate], bhr$GRP, 1.34)
)
writeLines(toJSON(list(made_by = "tests/reference/scripts/agreement.R", R = R.version.string,
                       packages = list(multilevel = as.character(packageVersion("multilevel")), psych = as.character(packageVersion("psych"))), results = result),
                  digits = NA, auto_unbox = TRUE, pretty = TRUE), "tests/reference/agreement.json")
