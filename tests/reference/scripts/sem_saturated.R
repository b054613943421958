# lavaan 0.6-14 on seeded incomplete answers, from 5 to 40 items, 100 to 2,000 respondents, 5 to 40 % missing: the
# saturated moments (EM until they change by less than 1e-13) and one factor fitted by full information maximum
# likelihood. The answers are made by tests/sem/incomplete.py, which writes one csv a case into SEM_DATA.
suppressMessages({library(lavaan); library(jsonlite)})
D <- Sys.getenv("SEM_DATA", "data"); OUT <- Sys.getenv("SEM_OUT", "sem_saturated.json")
cases <- sub("\\.csv$", "", list.files(D, pattern = "^p[0-9]+_n[0-9]+_m[0-9]+\\.csv$"))
cases <- cases[order(file.size(file.path(D, paste0(cases, ".csv"))))]
res <- list()
for (name in cases) {
  x <- read.csv(file.path(D, paste0(name, ".csv")))
  model <- paste0("f =~ ", paste0(names(x), collapse = " + "))
  fit <- cfa(model, x, missing = "fiml", std.lv = TRUE, em.h1.tol = 1e-13, em.h1.iter.max = 100000)
  found <- lavInspect(fit, "sampstat"); S <- unclass(found$cov)
  # The whole of a large covariance matrix would fill the file: its first row, its diagonal and its log determinant do.
  res[[name]] <- list(n = lavInspect(fit, "nobs"), mean = signif(as.numeric(found$mean), 11), first = signif(as.numeric(S[1, ]), 11),
    variance = signif(as.numeric(diag(S)), 11), logdet = signif(as.numeric(determinant(S)$modulus), 11),
    total = signif(sum(S), 11), measures = as.list(signif(fitMeasures(fit, c("chisq", "df", "cfi", "tli", "rmsea", "unrestricted.logl")), 11)))
  cat(name, res[[name]]$measures$chisq, res[[name]]$measures$cfi, "\n")
writeLines(toJSON(list(call = "sem_saturated.R: cfa(model, x, missing = \"fiml\", std.lv = TRUE, em.h1.tol = 1e-13, em.h1.iter.max = 1e5)",
  results = res), digits = NA, auto_unbox = TRUE), OUT)
}
