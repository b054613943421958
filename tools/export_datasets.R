# Writes datasets/<name>/data.csv from the R packages that ship the data: only the columns that the instruments and
# the respondents' attributes need, values unchanged. Empty cell = missing.
#
#   Rscript tools/export_datasets.R [name ...]
#
# Packages used: bayesm 3.1-5, psychTools 2.2.9, lavaan 0.6-14, multilevel 2.7, lme4 1.1-31. A data set whose package is
# not installed is left as it is.

keep <- function(package, data, columns) {
  loaded <- new.env()
  utils::data(list = data, package = package, envir = loaded)
  as.data.frame(get(data, envir = loaded))[, columns]
}

exports <- list(
  customersat = list("bayesm", function() keep("bayesm", "customerSat", paste0("q", 1:10))),
  bfi = list("psychTools", function() {
    items <- paste0(rep(c("A", "C", "E", "N", "O"), each = 5), 1:5)
    d <- keep("psychTools", "bfi", c(items, "gender", "education", "age"))
    cbind(id = rownames(d), d)
  }),
  hs1939 = list("lavaan", function()
    keep("lavaan", "HolzingerSwineford1939", c("id", "sex", "ageyr", "agemo", "school", "grade", paste0("x", 1:9)))),
  lq2002 = list("multilevel", function()
    keep("multilevel", "lq2002",
      c("COMPID", "SUB", sprintf("LEAD%02d", 1:11), sprintf("TSIG%02d", 1:3), sprintf("HOSTIL%02d", 1:5)))),
  bhr2000 = list("multilevel", function()
    keep("multilevel", "bhr2000",
      c("GRP", "AF06", "AF07", "AP12", "AP17", "AP33", "AP34", "AS14", "AS15", "AS16", "AS17", "AS28"))),
  univbct = list("multilevel", function() {
    d <- keep("multilevel", "univbct", c("SUBNUM", "TIME", "BTN", "COMPANY", "RANK", "JSAT", "COMMIT", "READY"))
    # Company letters repeat between battalions, so a company is named by both.
    cbind(d[, 1:4], UNIT = paste(d$BTN, d$COMPANY, sep = "-"), d[, 5:8])
  }),
  insteval = list("lme4", function()
    keep("lme4", "InstEval", c("s", "d", "studage", "lectage", "service", "dept", "y")))
)

asked <- commandArgs(trailingOnly = TRUE)
for (name in if (length(asked)) asked else names(exports)) {
  package <- exports[[name]][[1]]
  if (!requireNamespace(package, quietly = TRUE)) {
    message(name, ": package ", package, " is not installed; left as it is")
    next
  }
  file <- file.path("datasets", name, "data.csv")
  dir.create(dirname(file), showWarnings = FALSE, recursive = TRUE)
  write.csv(exports[[name]][[2]](), file, row.names = FALSE, na = "", quote = FALSE, eol = "\n")
  message("wrote ", file)
}
