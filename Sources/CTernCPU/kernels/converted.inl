// Conversions among the floating dtypes, by what instructions there are. Other .inl files include it, in namespace tern.
namespace TERN_ISA {
template <class To, class From> TERN_INLINE To converted(From x) {
#if defined(__x86_64__) && TERN_LEVEL > 0  // instructions for float16
    if constexpr (std::is_same_v<From, half>) return convert<To>(float(std::bit_cast<_Float16>(x)));
    else if constexpr (std::is_same_v<To, half>) return std::bit_cast<half>(_Float16(convert<float>(x)));
    else
#endif
        return convert<To>(x);
}
}  // namespace TERN_ISA
