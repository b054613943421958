# What lavaan 0.6-14 does with definitions and bounds that name a parameter that is fixed: its error, its warning, or the
# value of `r`. Run from the root of the repository.
suppressMessages({library(lavaan); library(jsonlite)})
hs <- read.csv("datasets/hs1939/data.csv")
res <- list()
add <- function(name, model, call = cfa, ...) {
  told <- character()
  found <- tryCatch(
    withCallingHandlers(call(model, hs, ...), warning = function(w) {
      told <<- c(told, gsub("[ \n]+", " ", conditionMessage(w)))
      invokeRestart("muffleWarning")
    }),
    error = function(e) gsub("[ \n]+", " ", conditionMessage(e))
  )
  failed <- is.character(found)
  table <- if (failed) NULL else parameterTable(found)
  options <- list(...)
  if (identical(call, growth)) options$growth <- TRUE
  res[[name]] <<- list(
    model = model, options = options, error = if (failed) found else "", warning = paste(told, collapse = " "),
    r = if (failed || !"r" %in% table$label) NA else signif(table$est[table$label == "r"], 9)
  )
}
add("marker", "f =~ a*x1 + x2 + x3\nr := a")
add("marker beside a free one", "f =~ a*x1 + b*x2 + x3 + x4\nr := a*b")
add("marker under the label of others", "f =~ a*x1 + b*x2 + a*x3 + x4\nr := a")
add("marker through a definition", "f =~ a*x1 + b*x2 + x3 + x4\ns := a\nr := s*b")
add("marker of a factor of factors", "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nh =~ x7 + x8 + x9\nk =~ a*f + g + h\nr := a")
add("markers of groups", "f =~ c(a, b)*x1 + x2 + x3\nr := a - b", group = "school")
add("one label for the markers of groups", "f =~ c(a, a)*x1 + x2 + x3\nr := a", group = "school")
add("freed marker", "f =~ NA*x1 + a*x1 + b*x2 + x3 + x4\nf ~~ 1*f\nr := a")
add("marker under std.lv", "f =~ a*x1 + b*x2 + x3 + x4\nr := a", std.lv = TRUE)
add("free loading", "f =~ x1 + b*x2 + x3 + x4\nr := b")
add("definition of definitions", "f =~ x1 + b*x2 + x3 + x4\ns := b\nr := s^2")
add("no parameter", "f =~ x1 + x2 + x3 + x4\nr := 2")
add("loading fixed on purpose", "f =~ x1 + 0.5*x2 + b*x2 + x3 + x4\nr := b")
add("variance fixed on purpose", "f =~ NA*x1 + x2 + x3 + x4\nf ~~ 1*f + v*f\nr := v")
add("covariance fixed on purpose", "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nf ~~ 0*g + c*g\nr := c")
add("intercept fixed on purpose", "f =~ x1 + x2 + x3 + x4\nf ~ 1\nx1 ~ 0*1 + i*1\nr := i", meanstructure = TRUE)
add("slope fixed on purpose", "f =~ x1 + x2 + x3 + x4\nf ~ 1*ageyr + b*ageyr\nr := b", call = sem)
add("fixed in one group", "f =~ c(1, NA)*x1 + c(a, b)*x1 + x2 + x3\nr := a - b", group = "school")
add("loading of growth", "i =~ 1*x1 + 1*x2 + 1*x3 + 1*x7\ns =~ 0*x1 + 1*x2 + b*x2 + 2*x3 + 3*x7\nr := b", call = growth)
add("equality of a definition", "f =~ a*x1 + b*x2 + x3 + x4\nr := a\nb == r")
add("equality with a marker", "f =~ a*x1 + b*x2 + x3 + x4\nb == a\nr := b")
add("equality with a value fixed on purpose", "f =~ x1 + 0.5*x2 + b*x2 + r*x3 + x4\nr == b")
add("bound with a marker", "f =~ a*x1 + r*x2 + x3 + x4\nr < 2*a")
add("bound of a marker alone", "f =~ a*x1 + b*x2 + x3 + x4\na > 0.5")
add("bound of a marker alone that cannot hold", "f =~ a*x1 + b*x2 + x3 + x4\na > 2")
add("equality of a marker alone", "f =~ a*x1 + b*x2 + x3 + x4\na == 1")
add("equality of a marker alone that cannot hold", "f =~ a*x1 + b*x2 + x3 + x4\na == 2")
add("equality of two markers", "f =~ a*x1 + x2 + x3\ng =~ b*x4 + x5 + x6\na == b")
meta <- list(script = "sem_fixed_labels.R", R = R.version.string, lavaan = as.character(packageVersion("lavaan")))
writeLines(toJSON(list(meta = meta, results = res), digits = NA, auto_unbox = TRUE, na = "null", pretty = TRUE),
           "tests/reference/sem_fixed_labels.json")
