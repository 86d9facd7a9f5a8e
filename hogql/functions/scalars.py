"""Functions of single rows. hogql/compiler/calls.py spells some of them in a way of its own."""

TABLE = """
plus minus multiply modulo pow power=pow : 2 number #
divide : 2 number #
intDiv intDivOrZero intDivOrNull moduloOrZero moduloOrNull positiveModulo : 2 number #
mod=modulo : 2 number #
negate abs sign sqrt cbrt exp exp2 exp10 log log2 log10 log1p ln=log lgamma tgamma : 1 number #
sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh degrees radians erf erfc : 1 number #
factorial sigmoid sqr : 1 number #
atan2 hypot gcd lcm max2 min2 : 2 number #
e pi : 0 number!
round floor ceil ceiling=ceil trunc truncate=trunc roundBankers : 1-2 number #
roundToExp2 roundDuration roundAge : 1 number #
roundDown : 2 number #
widthBucket width_bucket=widthBucket : 4 number #
clamp : 3 $1
bar : 3-4 text
isFinite isInfinite isNaN : 1 bool
ifNotFinite : 2 number
rand rand32=rand rand64 randCanonical : 0-1 number!
bitAnd bitOr bitXor bitShiftLeft bitShiftRight bitRotateLeft bitRotateRight bitTest : 2 number
bitNot bitCount : 1 number
bitHammingDistance : 2 number
intExp2 intExp10 : 1 number #
multiplyDecimal divideDecimal : 2-3 number
randUniform randNormal randLogNormal : 2 number!
randBernoulli randExponential randChiSquared randStudentT : 1 number!
bitTestAll bitTestAny : 2+ number
equals notEquals less lessOrEquals greater greaterOrEquals : 2 bool
and or xor : 2+ bool
not : 1 bool
like ilike notLike notILike match : 2 bool
in notIn : 2 bool
if : 3 $2
multiIf : 3+
coalesce : 1+ $1
ifNull : 2 $1
nullIf : 2 $1?
assumeNotNull : 1 $1!
toNullable : 1 $1?
isNull isNotNull isZeroOrNull : 1 bool!
greatest least : 1+ $1
identity materialize : 1 $1
ignore : 0+ number!
toTypeName : 1 text!
toInt=toInt64 toInt64 _toInt64=toInt64 toInteger=toInt64 : 1 number?
toUInt64 _toUInt64=toUInt64 : 1 number?
toFloat=toFloat64 toFloat64 toDouble=toFloat64 : 1 number?
toInt8 toInt16 toInt32 toInt128 toInt256 : 1 number?
toUInt8 toUInt16 toUInt32 toUInt=toUInt64 : 1 number?
toFloat32 : 1 number?
toDecimal : 2 number?
toBool toBoolean=toBool : 1 bool?
toUUID : 1 uuid?
toDate date=toDate _toDate=toDate : 1-2 date?
toDateTime timestamp=toDateTime : 1-2 datetime?
toDateTime64 _toDateTime64=toDateTime64 : 1-3 datetime?
toString : 1 text
toJSONString : 1 text!
toFloatOrZero=toFloat64OrZero toFloat64OrZero toIntOrZero=toInt64OrZero toInt64OrZero : 1 number
toInt8OrNull toInt16OrNull toInt32OrNull toUInt64OrNull toFloat32OrNull : 1 number?
toUUIDOrZero : 1 uuid
toFloatOrDefault=toFloat64OrDefault toIntOrDefault=toInt64OrDefault : 1-2 number
toInt64OrNull toFloat64OrNull toIntOrNull=toInt64OrNull toFloatOrNull=toFloat64OrNull : 1 number?
toUUIDOrNull : 1 uuid?
toDateOrNull : 1 date?
toDateTimeOrNull parseDateTimeBestEffortOrNull : 1-2 datetime?
parseDateTimeBestEffort=parseDateTime64BestEffortOrNull : 1-2 datetime?
parseDateTime64BestEffort=parseDateTime64BestEffortOrNull : 1-3 datetime?
parseDateTime64BestEffortOrNull : 1-3 datetime?
parseDateTime=parseDateTimeOrNull parseDateTimeOrNull : 2-3 datetime?
reinterpretAsUInt8 reinterpretAsUInt16 reinterpretAsUInt32 reinterpretAsUInt64 : 1 number
reinterpretAsInt8 reinterpretAsInt16 reinterpretAsInt32 reinterpretAsInt64 : 1 number
reinterpretAsFloat32 reinterpretAsFloat64 : 1 number
reinterpretAsUUID : 1 uuid
reinterpretAsDate : 1 date
reinterpretAsDateTime : 1 datetime
toIntervalSecond toIntervalMinute toIntervalHour toIntervalDay toIntervalWeek : 1 interval
toIntervalMonth toIntervalQuarter toIntervalYear toIntervalMillisecond : 1 interval
now : 0-1 datetime!
now64 : 0-2 datetime!
current_timestamp=now : 0 datetime!
today current_date=today : 0 date!
yesterday : 0 date!
timeZone : 0 text!
timeZoneOffset : 1 number
to_timestamp=toDateTime : 1 datetime?
to_date=toDate : 1 date?
from_unixtime=fromUnixTimestamp : 1-3 datetime
timeZoneOf=timezoneOf : 1 text
toTimeZone=toTimezone : 2 datetime
toYear toQuarter toMonth toDayOfYear toDayOfMonth toHour toMinute toSecond : 1 number
toMillisecond toDaysInMonth : 1 number
toDayOfWeek : 1-3 number
toWeek toYearWeek : 1-3 number
toISOWeek toISOYear : 1 number
year=toYear quarter=toQuarter month=toMonth day=toDayOfMonth hour=toHour minute=toMinute : 1 number
second=toSecond week=toISOWeek : 1 number
dayofyear=toDayOfYear dayofmonth=toDayOfMonth dayofweek=toDayOfWeek weekofyear=toISOWeek : 1 number
toUnixTimestamp : 1-2 number
toUnixTimestamp64Milli toUnixTimestamp64Micro toUnixTimestamp64Second : 1 number
fromUnixTimestamp : 1-3 datetime
fromUnixTimestamp64Milli fromUnixTimestamp64Micro fromUnixTimestamp64Second : 1-2 datetime
toStartOfYear toStartOfQuarter toStartOfMonth toMonday toStartOfISOYear : 1 date
toLastDayOfMonth : 1 date
toLastDayOfWeek : 1-2 date
toStartOfWeek : 1-2 date
toStartOfDay toStartOfHour toStartOfMinute toStartOfSecond toStartOfFiveMinutes : 1 datetime
toStartOfTenMinutes toStartOfFifteenMinutes : 1 datetime
toStartOfFiveMinute=toStartOfFiveMinutes : 1 datetime
toStartOfInterval : 2-4 datetime
dateTrunc date_trunc=dateTrunc : 2-3 datetime
timeSlot : 1 datetime
timeSlots : 2-3 array
toYYYYMM toYYYYMMDD toYYYYMMDDhhmmss : 1-2 number
toRelativeYearNum toRelativeQuarterNum toRelativeMonthNum toRelativeWeekNum : 1 number
toRelativeDayNum toRelativeHourNum toRelativeMinuteNum toRelativeSecondNum : 1 number
dateDiff date_diff=dateDiff DATE_DIFF=dateDiff datediff=dateDiff age : 3-4 number
date_part=datePart : 2 number
timeDiff : 2 number
addSeconds addMinutes addHours addDays addWeeks addMonths addQuarters addYears : 2 $1
subtractSeconds subtractMinutes subtractHours subtractDays subtractWeeks subtractMonths : 2 $1
subtractQuarters subtractYears : 2 $1
addMilliseconds addMicroseconds subtractMilliseconds subtractMicroseconds : 2 datetime
addInterval subtractInterval : 2
timestampAdd=dateAdd timestampSub=dateSub : 2-3 datetime
changeYear changeMonth changeDay changeHour changeMinute changeSecond : 2 datetime
dateAdd date_add=dateAdd dateSub date_subtract=dateSub : 2-3 datetime
date_sub=dateSub : 2-3 datetime
formatDateTime : 2-3 text
formatDateTimeInJodaSyntax : 2-3 text
to_char=formatDateTimeInJodaSyntax : 2 text
monthName : 1 text
dateName : 2-3 text
makeDate : 2-3 date
make_date=makeDate : 3 date
makeDateTime make_timestamp=makeDateTime : 6-7 datetime
toModifiedJulianDay toDaysSinceYearZero : 1 number
fromModifiedJulianDay=fromModifiedJulianDayOrNull : 1 text?
toStartOfMillisecond toStartOfMicrosecond : 1 datetime
makeDateTime64 : 6-9 datetime
fromDaysSinceYearZero : 1 date
length char_length=lengthUTF8 character_length=lengthUTF8 : 1 number
lengthUTF8 ascii : 1 number
empty notEmpty isEmpty=empty isNotEmpty=notEmpty : 1 bool
lower upper lowerUTF8 upperUTF8 lcase=lower ucase=upper initcap initcapUTF8 : 1 text
reverse reverseUTF8 : 1 $1
normalizeUTF8NFC normalizeUTF8NFD normalizeUTF8NFKC normalizeUTF8NFKD toValidUTF8 : 1 text
concat : 1+ text
concat_ws=concatWithSeparator concatWithSeparator : 2+ text
substring substr=substring substringUTF8 mid=substring : 2-3 text
left right leftUTF8 rightUTF8 : 2 text
leftPad rightPad leftPadUTF8 rightPadUTF8 lpad=leftPad rpad=rightPad : 2-3 text
trim=trimBoth trimBoth trimLeft trimRight ltrim=trimLeft rtrim=trimRight btrim=trimBoth : 1-2 text
replace=replaceAll replaceAll replaceOne replaceRegexpAll replaceRegexpOne : 3 text
regexp_replace=replaceRegexpAll : 3 text
translate translateUTF8 : 3 text
overlay : 3-4 text
repeat : 2 text
space : 1 text
format : 1+ text
appendTrailingCharIfAbsent : 2 text
regexpQuoteMeta : 1 text
startsWith endsWith startsWithUTF8 endsWithUTF8 : 2 bool
position positionCaseInsensitive positionUTF8 positionCaseInsensitiveUTF8 locate : 2-3 number
substringIndex substringIndexUTF8 substring_index=substringIndex : 3 text
countSubstrings countSubstringsCaseInsensitive countSubstringsCaseInsensitiveUTF8 : 2-3 number
multiSearchAny multiSearchAnyCaseInsensitive multiSearchAnyUTF8 : 2 bool
multiSearchAnyCaseInsensitiveUTF8 : 2 bool
multiSearchFirstIndex multiSearchFirstPosition multiSearchFirstIndexCaseInsensitive : 2 number
multiSearchFirstPositionCaseInsensitive : 2 number
multiSearchFirstIndexUTF8 multiSearchFirstPositionUTF8 : 2 number
multiSearchFirstIndexCaseInsensitiveUTF8 multiSearchFirstPositionCaseInsensitiveUTF8 : 2 number
multiSearchAllPositionsUTF8 multiSearchAllPositionsCaseInsensitiveUTF8 : 2 array
multiSearchAllPositions multiSearchAllPositionsCaseInsensitive : 2 array
multiMatchAny : 2 bool
multiMatchAnyIndex : 2 number
multiMatchAllIndices : 2 array
hasToken hasTokenCaseInsensitive hasTokenOrNull hasTokenCaseInsensitiveOrNull : 2 bool
hasSubsequence hasSubsequenceCaseInsensitive hasSubsequenceUTF8 : 2 bool
hasSubsequenceCaseInsensitiveUTF8 : 2 bool
countMatches countMatchesCaseInsensitive : 2 number
regexpExtract regexp_extract=regexpExtract : 2-3 text
extract : 2 text
extractAll extractGroups extractAllGroups=extractAllGroupsVertical : 2 array
extractAllGroupsVertical extractAllGroupsHorizontal : 2 array
splitByChar splitByString splitByRegexp : 2-3 array
split_part=splitPart : 3 text
splitByWhitespace splitByNonAlpha : 1-2 array
string_to_array=stringToArray : 2 array
alphaTokens : 1-2 array
tokens : 1+ array
arrayStringConcat array_to_string=arrayStringConcat : 1-2 text
ngramDistance ngramDistanceCaseInsensitive ngramSearch ngramSearchCaseInsensitive : 2 number
ngramDistanceUTF8 ngramDistanceCaseInsensitiveUTF8 ngramSearchUTF8 : 2 number
ngramSearchCaseInsensitiveUTF8 : 2 number
soundex : 1 text
hex unhex bin unbin base32Encode base32Decode base58Encode base58Decode : 1 text
base64Encode base64Decode tryBase64Decode tryBase58Decode base64URLEncode base64URLDecode : 1 text
tryBase64URLDecode : 1 text
encodeURLComponent decodeURLComponent encodeURLFormComponent decodeURLFormComponent : 1 text
encodeXMLComponent decodeXMLComponent decodeHTMLComponent extractTextFromHTML : 1 text
char : 1+ text
isValidUTF8 isValidASCII : 1 bool
formatReadableSize formatReadableDecimalSize formatReadableQuantity : 1 text
formatReadableTimeDelta : 1-3 text
protocol domain domainWithoutWWW topLevelDomain firstSignificantSubdomain : 1 text
cutToFirstSignificantSubdomain cutToFirstSignificantSubdomainWithWWW path pathFull : 1 text
queryString fragment queryStringAndFragment netloc cutWWW cutQueryString cutFragment : 1 text
cutQueryStringAndFragment : 1 text
port : 1-2 number
extractURLParameter cutURLParameter : 2 text
extractURLParameters extractURLParameterNames URLHierarchy URLPathHierarchy : 1 array
IPv4NumToString IPv6NumToString IPv4NumToStringClassC : 1 text
IPv4StringToNum=IPv4StringToNumOrNull IPv4StringToNumOrNull : 1 number?
toIPv4=toIPv4OrNull toIPv6=toIPv6OrNull : 1 text?
isIPv4String isIPv6String : 1 bool
isIPAddressInRange : 2 bool
MD5 SHA1 SHA224 SHA256 SHA384 SHA512 : 1 text
CRC32 CRC32IEEE CRC64 : 1 number
halfMD5 sipHash64 cityHash64 xxHash32 xxHash64 farmHash64 metroHash64 murmurHash2_64 : 1+ number
murmurHash3_32 murmurHash3_64 : 1+ number
sipHash128 murmurHash3_128 : 1+ text
intHash32 intHash64 : 1 number
jumpConsistentHash : 2 number
generateUUIDv4 generateUUIDv7 : 0-1 uuid!
UUIDStringToNum : 1 text
UUIDNumToString : 1 text
UUIDv7ToDateTime : 1-2 datetime
isValidJSON : 1 bool
JSONHas : 1+ bool!
JSONLength : 1+ number!
JSONArrayLength JSON_ARRAY_LENGTH=JSONArrayLength : 1 number?
JSONType : 1+ text!
JSONExtract : 2+
JSONExtractUInt JSONExtractInt JSONExtractFloat : 1+ number
JSONExtractBool : 1+ bool
JSONExtractString : 1+ text
JSONExtractRaw : 1+ text
JSONExtractArrayRaw JSONExtractKeysAndValuesRaw JSONExtractKeys : 1+ array
JSONExtractKeysAndValues : 2+ array
JSON_VALUE JSON_QUERY : 2 text
JSON_EXISTS : 2 bool
simpleJSONHas : 2 bool
simpleJSONExtractInt simpleJSONExtractUInt simpleJSONExtractFloat : 2 number
simpleJSONExtractBool : 2 bool
simpleJSONExtractString simpleJSONExtractRaw : 2 text
jsonMergePatch : 1+ text
tuple : 0+ tuple!
tupleElement : 2-3
tupleConcat tuplePlus tupleMinus : 2+ tuple
tupleToNameValuePairs : 1 array
dotProduct cosineDistance L1Distance L2Distance : 2 number
L1Norm L2Norm LinfNorm : 1 number
LpNorm : 2 number
tupleHammingDistance : 2 number
bitmapBuild : 1
bitmapToArray : 1 array
bitmapCardinality bitmapMin bitmapMax : 1 number
bitmapContains bitmapHasAny bitmapHasAll : 2 bool
bitmapAnd bitmapOr bitmapXor bitmapAndnot : 2
bitmapSubsetInRange : 3
map : 0+ map!
mapFromArrays : 2 map
mapAdd mapSubtract mapConcat mapUpdate : 2+ map
mapContains=mapContainsKey mapContainsKeyLike : 2 bool
mapExtractKeyLike : 2 map
mapKeys mapValues : 1 array
mapApply mapFilter : 2 map
mapSort mapReverseSort : 1-2 map
array : 0+ array!
range : 1-3 array
arrayConcat : 1+ array
arrayElement arrayElementOrNull : 2
has hasAny hasAll hasSubstr : 2 bool
indexOf countEqual : 2 number
arrayEnumerate arrayEnumerateUniq arrayEnumerateDense : 1+ array
arrayPopBack arrayPopFront arrayReverse arrayDistinct arrayCompact arrayFlatten : 1 array
flatten=arrayFlatten : 1 array
arrayPushBack arrayPushFront arrayResize arrayWithConstant arrayRemove : 2-3 array
arraySlice : 2-3 array
arrayRotateLeft arrayRotateRight arrayShiftLeft arrayShiftRight : 2-3 array
arraySort arrayReverseSort : 1+ array
arrayPartialSort arrayPartialReverseSort : 2+ array
arrayUniq : 1+ number
arrayAUC=arrayROCAUC : 2-4 number
arrayShuffle : 1-2 array
arrayRandomSample : 2 array
arrayDifference arrayZip arrayZipUnaligned : 1+ array
arrayIntersect arrayUnion arrayExcept arraySymmetricDifference : 1+ array
arrayReduce : 2+
arrayReduceInRanges : 3+ array
arrayJoin : 1
arrayMap arrayFilter arrayFill arrayReverseFill arraySplit arrayReverseSplit : 2+ array
arrayCount : 1+ number
arrayExists arrayAll : 1+ bool
arrayFirst arrayLast : 2+
arrayFirstOrNull arrayLastOrNull : 2+
arrayFirstIndex arrayLastIndex : 2+ number
arrayMin arrayMax : 1+
arraySum arrayAvg arrayProduct : 1+ number
arrayCumSum arrayCumSumNonNegative : 1+ array
arrayFold : 3+
arrayJaccardIndex : 2 number
emptyArrayToSingle : 1 array
emptyArrayString emptyArrayFloat64 emptyArrayInt64 emptyArrayUInt64 emptyArrayDate : 0 array!
emptyArrayDateTime : 0 array!
transform : 3-4
greatCircleDistance geoDistance greatCircleAngle : 4 number
pointInPolygon : 2+ bool
pointInEllipses : 6+ bool
geohashEncode : 2-3 text
geohashDecode : 1 tuple
rowNumberInAllBlocks rowNumberInBlock : 0 number!
"""
