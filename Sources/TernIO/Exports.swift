@_exported public import TernNN
