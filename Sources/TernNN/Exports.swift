@_exported public import TernCore
