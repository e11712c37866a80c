/// A number as text. Not printf: that writes the decimal point of the process's locale.
#include <charconv>
#include <cmath>
#include <string.h>

#include "include/CTernCPU.h"

int32_t tern_format_double(char *buffer, size_t size, int32_t precision, char style, double value) {
    if (!std::isfinite(value)) {
        const char *name = std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
        const size_t length = strlen(name);
        if (length > size) return -1;
        memcpy(buffer, name, length);
        return int32_t(length);
    }
    const auto format = style == 'e' ? std::chars_format::scientific : std::chars_format::fixed;
    const auto [end, error] = std::to_chars(buffer, buffer + size, value, format, precision);
    return error == std::errc() ? int32_t(end - buffer) : -1;
}
