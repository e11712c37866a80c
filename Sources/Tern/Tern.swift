@_exported public import TernCore
@_exported public import TernData
@_exported public import TernIO
@_exported public import TernNN
@_exported public import TernTrain
