//! List prices of AWS in ap-southeast-1 (Singapore), in USD, as of 24 November 2026, before the free tier and tax.
//! None could be looked up on AWS's own pages from where this was written: [`Price::source`] says what each rests on.

/// What one unit costs.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    /// What is counted.
    pub unit: &'static str,
    /// USD for one.
    pub usd: f64,
    /// What the figure rests on.
    pub source: &'static str,
}

const BILL: &str = "printed on a customer's bill for this region, May 2025";
const LIST: &str = "AWS's list as known to us; not confirmed";
const HALVED: &str = "the list before November 2024, halved, as AWS announced then; not confirmed";
const EVERYWHERE: &str = "the same in most regions, this one among them, in public calculators";

/// Lambda, an invocation.
pub const INVOCATION: Price = Price { unit: "Lambda invocation", usd: 0.20e-6, source: EVERYWHERE };
/// Lambda on arm64.
pub const GB_SECOND: Price = Price { unit: "Lambda GB-second, arm64", usd: 0.000_013_333_4, source: EVERYWHERE };
/// API Gateway, REST.
pub const API_REQUEST: Price = Price { unit: "API Gateway request, REST", usd: 4.25e-6, source: LIST };
/// DynamoDB on demand.
pub const WRITE_UNIT: Price = Price { unit: "DynamoDB write request unit", usd: 0.7115e-6, source: HALVED };
/// DynamoDB on demand.
pub const READ_UNIT: Price = Price { unit: "DynamoDB read request unit", usd: 0.1423e-6, source: HALVED };
/// DynamoDB storage with point-in-time recovery.
pub const STORED_GB: Price =
    Price { unit: "GB in DynamoDB and its recovery, a month", usd: 0.285 + 0.228, source: LIST };
/// EventBridge.
pub const EVENT: Price = Price { unit: "EventBridge custom event", usd: 1.00e-6, source: LIST };
/// CloudWatch Logs.
pub const LOGGED_GB: Price = Price { unit: "GB of logs taken in", usd: 0.70, source: BILL };
/// CloudWatch metrics.
pub const METRIC: Price = Price { unit: "CloudWatch metric, a month", usd: 0.30, source: BILL };
/// CloudWatch alarms.
pub const ALARM: Price = Price { unit: "CloudWatch alarm, a month", usd: 0.10, source: LIST };
/// Secrets Manager.
pub const SECRET: Price = Price { unit: "secret, a month", usd: 0.40, source: LIST };
/// X-Ray.
pub const TRACE: Price = Price { unit: "X-Ray trace", usd: 5.00e-6, source: LIST };
/// SNS to a Vietnamese phone; what it is on a given day and network, AWS's SMS price file says.
pub const SMS_PART: Price =
    Price { unit: "SMS part to Vietnam", usd: 0.07, source: "an order of magnitude; not confirmed" };

/// All of them, for the table.
pub const ALL: [Price; 13] = [
    INVOCATION,
    GB_SECOND,
    API_REQUEST,
    WRITE_UNIT,
    READ_UNIT,
    STORED_GB,
    EVENT,
    LOGGED_GB,
    METRIC,
    ALARM,
    SECRET,
    TRACE,
    SMS_PART,
];
