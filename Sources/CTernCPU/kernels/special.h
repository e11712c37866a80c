/// Functions that libm lacks, in double; float32 goes through them too (and so is right to its last bit or nearly so).
#pragma once

namespace tern {
double erfinv(double x);
double erfcx(double x);
double ndtri(double x);
double log_ndtr(double x);
double lgamma(double x);
double digamma(double x);
double trigamma(double x);
double zeta(double s, double q);
double igamma(double a, double x);
double igammac(double a, double x);
double i0(double x);
double i0e(double x);
double i1(double x);
double i1e(double x);
}  // namespace tern
