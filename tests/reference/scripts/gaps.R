# Writes tests/reference/gaps.json. Run from the top folder: Rscript tests/reference/scripts/gaps.R
suppressMessages({library(multilevel); library(lme4); library(effectsize); library(jsonlite)})
read <- function(name) read.csv(file.path("datasets", name, "data.csv"))
lq <- read("lq2002"); bhr <- read("bhr2000"); bfi <- read("bfi"); univ <- read("univbct")
lead <- sprintf("LEAD%02d", 1:11); tsig <- sprintf("TSIG%02d", 1:3); climate <- grep("^A[FPS]", names(bhr), value = TRUE)
uniform5 <- (5^2 - 1) / 12

icc <- function(y, g) {
  model <- aov(y ~ factor(g)); s <- summary(model)[[1]]
  list(icc1 = ICC1(model), icc2 = ICC2(model), f = s$`F value`[1], p = s$`Pr(>F)`[1], ms = s$`Mean Sq`, df = s$Df)
}
rwg <- function(items, g, null = uniform5) {
  table <- rwg.j(items, g, null)
  list(group = as.character(table$grpid), rwg_j = table$rwg.j, size = table$gsize, mean = mean(table$rwg.j), median = median(table$rwg.j))
}
components <- function(y, g) {
  model <- lmer(y ~ 1 + (1 | g)); v <- as.data.frame(VarCorr(model))$vcov
  list(between = v[1], within = v[2], mean = unname(fixef(model)))
}
compare <- function(x, y) {
  x <- x[!is.na(x)]; y <- y[!is.na(y)]; t <- t.test(x, y); g <- hedges_g(x, y, pooled_sd = TRUE)
  list(n = c(length(x), length(y)), mean = c(mean(x), mean(y)), ci = as.numeric(t$conf.int), p = t$p.value,
       g = g$Hedges_g, g_low = g$CI_low, g_high = g$CI_high)
}
bfi$agree <- rowMeans(cbind(7 - bfi$A1, bfi[, paste0("A", 2:5)]))
wave0 <- univ[univ$TIME == 0 & !is.na(univ$RANK), ]; officer <- wave0$RANK >= 20
scale <- function(d, items) rowMeans(d[, items])
result <- list(
  icc = list(lq2002_lead = icc(scale(lq, lead), lq$COMPID), lq2002_tsig = icc(scale(lq, tsig), lq$COMPID), bhr2000_climate = icc(scale(bhr, climate), bhr$GRP)),
  rwg = list(lq2002_lead = rwg(lq[, lead], lq$COMPID), lq2002_tsig = rwg(lq[, tsig], lq$COMPID), bhr2000_climate = rwg(bhr[, climate], bhr$GRP),
             bhr2000_climate_skewed = rwg(bhr[, climate], bhr$GRP, 1.34)),
  components = list(lq2002_lead = components(scale(lq, lead), lq$COMPID), bhr2000_climate = components(scale(bhr, climate), bhr$GRP)),
  gaps = list(bfi_agree_by_gender = compare(bfi$agree[bfi$gender == 1], bfi$agree[bfi$gender == 2]),
              univbct_jsat = compare(wave0$JSAT[officer], wave0$JSAT[!officer]), univbct_commit = compare(wave0$COMMIT[officer], wave0$COMMIT[!officer]),
              univbct_ready = compare(wave0$READY[officer], wave0$READY[!officer])),
  holm = list(p = c(.01, .04, .03, .005, .2), adjusted = p.adjust(c(.01, .04, .03, .005, .2), "holm")),
  detectable = list(n_50 = power.t.test(n = 50, power = .8)$delta, n_5 = power.t.test(n = 5, power = .8)$delta)
)
versions <- sapply(c("multilevel", "lme4", "effectsize"), function(p) as.character(packageVersion(p)))
writeLines(toJSON(list(made_by = "tests/reference/scripts/gaps.R", R = R.version.string, packages = as.list(versions), results = result),
                  digits = NA, auto_unbox = TRUE, pretty = TRUE), "tests/reference/gaps.json")
