"""Aggregations, and what only makes sense over a window."""

TABLE = """
count : 0-1 number!
uniq uniqExact uniqHLL12 uniqTheta=uniq : 1+ number!
categoricalInformationValue : 2+ array!
uniqCombined uniqCombined64 : 1+/0-1 number!
uniqUpTo : 1+/1 number!
min max any anyLast anyHeavy any_value=any first_value last_value singleValueOrNull : 1 $1
any_respect_nulls anyLast_respect_nulls : 1 $1
sum avg sumWithOverflow sumKahan : 1 number #
avgWeighted : 2 number #
argMin argMax : 2 $1
stddevPop stddevSamp varPop varSamp skewPop skewSamp kurtPop kurtSamp : 1 number #
entropy : 1 number
stddevPopStable stddevSampStable varPopStable varSampStable : 1 number #
stddev=stddevSamp variance=varSamp std=stddevSamp : 1 number #
covarPop covarSamp corr covarPopStable covarSampStable corrStable : 2 number #
boundingRatio deltaSumTimestamp : 2 number #
deltaSum : 1 number #
simpleLinearRegression : 2 tuple
rankCorr cramersV cramersVBiasCorrected theilsU contingency : 2 number
mannWhitneyUTest : 2/0-2 tuple
studentTTest welchTTest : 2/0-1 tuple
exponentialMovingAverage : 2/1 number #
intervalLengthSum maxIntersections maxIntersectionsPosition : 2 number
median medianExact medianTDigest medianTiming medianExactLow medianExactHigh : 1 number #
medianDeterministic medianExactWeighted medianTDigestWeighted medianTimingWeighted : 2 number #
quantile quantileExact quantileTDigest quantileTiming : 1/0-1 number #
quantileExactLow quantileExactHigh quantileExactExclusive quantileExactInclusive : 1/0-1 number #
quantileBFloat16 quantileGK quantileDD : 1/0-2 number #
quantileDeterministic quantileExactWeighted quantileInterpolatedWeighted : 2/0-1 number #
quantileTDigestWeighted quantileTimingWeighted quantileBFloat16Weighted : 2/0-1 number #
quantiles quantilesExact quantilesTDigest quantilesTiming quantilesExactExclusive : 1/1+ array #
quantilesExactInclusive quantilesExactLow quantilesExactHigh quantilesBFloat16 : 1/1+ array #
quantilesDeterministic quantilesExactWeighted quantilesTDigestWeighted : 2/1+ array #
groupBitAnd groupBitOr groupBitXor groupBitmap : 1 number
groupArray groupUniqArray groupArrayLast array_agg=groupArray : 1/0-1 array!
groupArraySample groupArraySorted : 1/1-2 array!
groupArrayInsertAt : 2/0-2 array!
groupArrayMovingAvg groupArrayMovingSum : 1/0-1 array!
groupArrayIntersect : 1 array!
groupConcat : 1/0-2 text
sumMap minMap maxMap : 1+ tuple
sumCount : 1 tuple
topK : 1/0-3 array!
topKWeighted : 2/0-3 array!
histogram : 1/1 array! #
sparkbar : 2/1-3 text
retention : 1+ array!
windowFunnel : 2+/1+ number!
sequenceMatch sequenceCount : 2+/1 number!
largestTriangleThreeBuckets : 2/1 array!
bool_and=min bool_or=max : 1 $1
"""

WINDOW_TABLE = """
row_number rank dense_rank=denseRank denseRank : 0 number!
percent_rank=percentRank percentRank cume_dist : 0 number!
ntile : 1 number!
lag lead lagInFrame leadInFrame : 1-3 $1?
nth_value : 2 $1?
exponentialTimeDecayedAvg exponentialTimeDecayedSum : 2/1 number
exponentialTimeDecayedCount exponentialTimeDecayedMax : 1+/1 number
nonNegativeDerivative : 2-3 number
"""
