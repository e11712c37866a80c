/// Convolution by lines: neighbours in a line are a vector, read where they stand.
#pragma once
#include "convolution_unfolded.h"

namespace tern {
/// How the positions of a plane are cut into vectors: line by line; or all lines as one, where that takes fewer, with what lies between
/// them computed too, and dropped.
template <class T> struct LineCut {
    int64_t lines, line, apart;  ///< how many, how long, and from one to the next where they are read
    int64_t w = convolution_kernels<T>().vector;
    int64_t length = (lines - 1) * apart + line, parts = ceil_divide(line, w);
    bool joined = ceil_divide(length, w) < lines * parts;
    int64_t vectors = joined ? ceil_divide(length, w) : lines * parts;

    /// The lanes that are filled.
    double share() const { return double(lines * line) / double(vectors * w); }
};

/// A product with the unfolded matrix whose panels are not even copied: a vector of neighbours in a line is read where it stands. That is
/// the faster way where lines fill their vectors, or where the rows of weights are so few that a copy costs more than empty lanes; and
/// where a line is read for several taps.
template <class T> struct ByLines {
    static bool suits(const ConvolutionPlan &p, int64_t m, const LineCut<T> &cut, int64_t planes) {
        constexpr int64_t copying = 32;  // a copy costs as much as so many rows
        const int64_t copied = ceil_divide(planes * cut.lines * cut.line, cut.w) * cut.w;
        return p.taps > 1 && m > 0 && cut.line >= 4 && planes * cut.vectors * cut.w * m <= copied * (m + copying);
    }

    const Unfolded<T> &unfolded;
    int64_t m, channels, images;
    const T *weights;
    int64_t rowStride, channelStride;  ///< of weights; the taps stand side by side
    const T *bias;                     ///< (m), or NULL
    T *out;
    int64_t planeStride, imageStride;  ///< of out
    bool accumulate;
    const ConvolutionKernels<T> &kernels = convolution_kernels<T>();
    LineCut<T> cut{unfolded.grid[1], unfolded.grid[2], unfolded.step[1]};

    void run(bool serial) const {
        const auto &u = unfolded;
        Scratch<WalkStep> steps(u.taps);
        for (int64_t t = 0; t < u.taps; t++) steps[t] = {t, u.channel * u.images.planeStride + u.offsets[t]};
        const Walk walk{channels, {channelStride, u.images.planeStride}, u.taps, steps};
        const int64_t panels = ceil_divide(m, kernels.rows), pairs = (images * u.grid[0] * cut.vectors + 1) / 2;
        const int64_t work = std::max<int64_t>(1, m * channels * u.taps * kernels.vector);
        auto rows = [&](const Pair &pair, int64_t panel) {
            tile(walk, pair, part_of(m, panels, panel), part_of(m, panels, panel + 1));
        };
        // What is smaller, the weights or the images, is gone through again and again.
        if (m * u.taps <= images * u.images.planeStride)
            return parallel_unless(serial, pairs, (1 << 16) / work, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                    const Pair pair = find(i);
                    for (int64_t panel = 0; panel < panels; panel++) rows(pair, panel);
                }
            });
        parallel_unless(serial, panels * pairs, (1 << 16) * panels / work, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) rows(find(i % pairs), i / pairs);
        });
    }

private:
    static constexpr int maxVector = 16;
    struct Run { int64_t from, to, count; };
    /// Two vectors of positions.
    struct Pair {
        const T *from[2];
        int64_t at[2], columns[2];
        bool whole;  ///< each is part of one line; else out gets `count` runs of a tile
        int64_t count;
        Run runs[2 * maxVector];
    };

    Pair find(int64_t index) const {
        const auto &u = unfolded;
        const int64_t w = kernels.vector, vectors = images * u.grid[0] * cut.vectors;
        Pair pair;
        pair.whole = true, pair.count = 0;
        for (int64_t v = 0; v < 2; v++) {
            const int64_t i = std::min(2 * index + v, vectors - 1), plane = i / cut.vectors, part = i % cut.vectors;
            const int64_t z = plane % u.grid[0], image = plane / u.grid[0];
            int64_t y, x, n;
            if (cut.joined) {
                y = part * w / cut.apart, x = part * w % cut.apart, n = std::min(w, cut.length - part * w);
            } else {
                // A line's last vector overlaps the one before, if there is one: then all are full. Not where sums are added to.
                y = part / cut.parts, x = part % cut.parts * w;
                if (!accumulate) x = std::max<int64_t>(0, std::min(x, cut.line - w));
                n = std::min(w, cut.line - x);
            }
            pair.from[v] = u.images.data + image * u.images.imageStride + z * u.step[0] + y * u.step[1] + x;
            pair.at[v] = image * imageStride + (z * cut.lines + y) * cut.line + x, pair.columns[v] = n;
            pair.whole = pair.whole && x + n <= cut.line;
            if (!cut.joined || (v == 1 && pair.from[1] == pair.from[0])) continue;
            for (int64_t j = 0, run; j < n; j += run) {
                run = std::min(n - j, (x < cut.line ? cut.line : cut.apart) - x);
                if (x < cut.line) pair.runs[pair.count++] = {v * w + j, image * imageStride + (z * cut.lines + y) * cut.line + x, run};
                x += run;
                if (x == cut.apart) x = 0, y++;
            }
        }
        return pair;
    }

    /// Rows i0..<i1 of a pair.
    void tile(const Walk &walk, const Pair &pair, int64_t i0, int64_t i1) const {
        const T *a = weights + i0 * rowStride, *start = bias ? bias + i0 : nullptr;
        const auto multiply = kernels.walk[1][i1 - i0];
        T *to = out + i0 * planeStride;
        if (pair.whole) return multiply(a, rowStride, pair.from, walk, start, to, planeStride, pair.at, pair.columns, accumulate);
        const int64_t w = kernels.vector, at[2] = {0, pair.from[1] == pair.from[0] ? 0 : w}, columns[2] = {w, w};
        T aside[ConvolutionKernels<T>::maxRows * 2 * maxVector];
        multiply(a, rowStride, pair.from, walk, start, aside, 2 * w, at, columns, false);
        for (int64_t i = 0; i < i1 - i0; i++)
            for (int64_t r = 0; r < pair.count; r++) {
                const Run &run = pair.runs[r];
                const T *from = aside + i * 2 * w + run.from;
                T *target = to + i * planeStride + run.to;
                if (accumulate) for (int64_t j = 0; j < run.count; j++) target[j] += from[j];
                else for (int64_t j = 0; j < run.count; j++) target[j] = from[j];
            }
    }
};
}  // namespace tern
