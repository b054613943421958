# Writes tests/reference/agreement.json. Run from the top folder: Rscript tests/reference/scripts/agreement.R
suppressMessages({library(multilevel); library(jsonlite)})
read <- function(name) read.csv(file.path("datasets", name, "data.csv"))
lq <- read("lq2002"); bhr <- read("bhr2000")
uniform5 <- (5^2 - 1) / 12
both <- function(items, g, null = uniform5) {
  james <- rwg.j(items, g, null); lindell <- rwg.j.lindell(items, g, null)
  list(group = as.character(lindell$grpid), rwg_j_star = lindell$rwg.lindell, mean = mean(lindell$rwg.lindell),
       median = median(lindell$rwg.lindell), james_mean = mean(james$rwg.j), james_median = median(james$rwg.j))
}
climate <- grep("^A[FPS]", names(bhr), value = TRUE)
result <- list(
  lq2002_lead = both(lq[, sprintf("LEAD%02d", 1:11)], lq$COMPID), lq2002_tsig = both(lq[, sprintf("TSIG%02d", 1:3)], lq$COMPID),
  bhr2000_climate = both(bhr[, climate], bhr$GRP), bhr2000_climate_skewed = both(bhr[, climate], bhr$GRP, 1.34)
)
writeLines(toJSON(list(made_by = "tests/reference/scripts/agreement.R", R = R.version.string,
                       packages = list(multilevel = as.character(packageVersion("multilevel"))), results = result),
                  digits = NA, auto_unbox = TRUE, pretty = TRUE), "tests/reference/agreement.json")
