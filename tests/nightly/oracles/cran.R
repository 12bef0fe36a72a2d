# SPDX-License-Identifier: Apache-2.0
# What R's compareVersion makes of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines out, as "<11"; "?"
# where it refuses one of them.
lines <- strsplit(readLines(file("stdin")), "\t", fixed = TRUE)
text <- function(i) vapply(lines, function(l) if (length(l) < i) "" else l[i], "")
valid <- function(v) grepl(sprintf("^%s$", .standard_regexps()$valid_numeric_version), v)
a <- text(1)
b <- text(2)
both <- which(valid(a) & valid(b))
op <- rep("?", length(a))
# The operators of the class call 1.0 and 1.0.0 equal, which CRAN may have both of.
compare <- function(i) tryCatch(suppressWarnings(compareVersion(a[i], b[i])), error = function(e) NA_real_)
order <- c("<", "=", ">")[2 + vapply(both, compare, 0)]
op[both] <- ifelse(is.na(order), "?", order)
cat(paste0(op, as.integer(valid(a)), as.integer(valid(b))), sep = "\n")
