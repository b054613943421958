# Sums of columns of the data sets at their source, for the checks in datasets/*/card.toml.
# R 4.2.2, psychTools 2.2.9, lavaan 0.6-14, multilevel 2.7, lme4 1.1-31 (bayesm: sapply(bayesm::customerSat, sum)).
options(digits = 15)
data(lq2002, bhr2000, univbct, package = "multilevel")
show <- function(name, d, columns) cat(name, paste(columns, "=", sapply(d[, columns, drop = FALSE], function(x) format(sum(x, na.rm = TRUE), digits = 15))), sep = "  ", "\n")
show("bfi", psychTools::bfi, c("A1", "C4", "O5", "age"))
show("hs1939", lavaan::HolzingerSwineford1939, c("x1", "x5", "x9"))
show("lq2002", lq2002, c("LEAD01", "LEAD11", "TSIG02", "HOSTIL05"))
show("bhr2000", bhr2000, c("AF06", "AP33", "AS28"))
show("insteval", lme4::InstEval, "y")
show("univbct", univbct, c("JSAT", "COMMIT", "READY"))
