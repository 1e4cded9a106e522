//! List prices of AWS in ap-southeast-1 (Singapore), in USD, before the free tier and tax, of August and September
//! 2026. AWS's own pages could not be reached from the author's machine: [`Price::source`] says where each price was
//! read, and for which price more than one reading exists. At the end, what each carrier takes for a part of an SMS:
//! a contract's own price replaces it.

/// What one unit costs.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    /// What is counted.
    pub unit: &'static str,
    /// USD for one.
    pub usd: f64,
    /// The source of the figure.
    pub source: &'static str,
}

const OFFER: &str = "an extract of AWS's offer file of 31 August 2026";
const OFFER_AND_BILL: &str = "an extract of AWS's offer file of 31 August 2026; a bill for this region, May 2025";
const LATE_OFFER: &str = "an extract of AWS's offer file of 22 September 2026";
const LATE_OFFER_AND_BILL: &str =
    "an extract of AWS's offer file of 22 September 2026; a bill for this region, May 2025";

/// Lambda, an invocation.
pub const INVOCATION: Price = Price { unit: "Lambda invocation", usd: 0.20e-6, source: OFFER };
/// Lambda on arm64.
pub const GB_SECOND: Price = Price { unit: "Lambda GB-second, arm64", usd: 0.000_013_333_4, source: OFFER };
/// API Gateway, REST.
pub const API_REQUEST: Price = Price { unit: "API Gateway request, REST", usd: 4.25e-6, source: OFFER };
/// DynamoDB on demand.
pub const WRITE_UNIT: Price = Price { unit: "DynamoDB write request unit", usd: 0.71e-6, source: OFFER_AND_BILL };
/// DynamoDB on demand.
pub const READ_UNIT: Price = Price { unit: "DynamoDB read request unit", usd: 0.1425e-6, source: OFFER_AND_BILL };
/// DynamoDB storage with point-in-time recovery.
pub const STORED_GB: Price = Price {
    unit: "GB in DynamoDB and its recovery, a month",
    usd: 0.285 + 0.228,
    source: "an extract of AWS's offer file of 31 August 2026; the recovery by a reading of AWS's price API, September 2026",
};
/// EventBridge.
pub const EVENT: Price = Price { unit: "EventBridge custom event", usd: 1.00e-6, source: OFFER };
/// CloudWatch Logs.
pub const LOGGED_GB: Price = Price { unit: "GB of logs taken in", usd: 0.70, source: LATE_OFFER_AND_BILL };
/// CloudWatch metrics.
pub const METRIC: Price = Price { unit: "CloudWatch metric, a month", usd: 0.30, source: LATE_OFFER_AND_BILL };
/// CloudWatch alarms.
pub const ALARM: Price = Price { unit: "CloudWatch alarm, a month", usd: 0.10, source: LATE_OFFER };
/// Secrets Manager.
pub const SECRET: Price = Price {
    unit: "secret, a month",
    usd: 0.40,
    source: "AWS's price API, August 2026; a bill for this region, May 2025",
};
/// X-Ray.
pub const TRACE: Price = Price {
    unit: "X-Ray trace",
    usd: 5.00e-6,
    source: "the same in other regions' offer files; not confirmed for this one",
};
/// SNS to a Vietnamese phone of any network.
pub const SMS_PART: Price = Price {
    unit: "SMS part to Vietnam",
    usd: 0.139_89,
    source: "an extract of AWS's SMS price file, 8 September 2026: one price for the country",
};

/// What a price is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Currency {
    Usd,
    Vnd,
}

/// A price that a contract replaces.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    pub amount: f64,
    pub currency: Currency,
    /// No source gives it: an assumption.
    pub assumed: bool,
    /// The source of the figure and its date, or what the assumption rests on.
    pub source: &'static str,
}

/// SNS.
pub const SNS_PART: Listed =
    Listed { amount: SMS_PART.usd, currency: Currency::Usd, assumed: false, source: SMS_PART.source };
/// End User Messaging, which carries SNS's SMS.
pub const AWS_SMS_PART: Listed = Listed {
    amount: SMS_PART.usd,
    currency: Currency::Usd,
    assumed: true,
    source: "**an assumption**: its own price to Vietnam was not found (November 2026). It carries SNS's SMS, so SNS's price",
};
/// An operator's SMPP contract.
pub const KANNEL_PART: Listed = Listed {
    amount: 450.0,
    currency: Currency::Vnd,
    assumed: true,
    source: "**an assumption**, to be replaced by the contract's: operators publish no price. Resellers list 150–1,000 VND (2013, and undated), 450 at most for public administration (tinnhanthuonghieu.vn, undated)",
};
/// A domestic gateway of brand-name SMS.
pub const ESMS_PART: Listed = Listed {
    amount: 520.0,
    currency: Currency::Vnd,
    assumed: false,
    source: "eSMS's page of prices, read second hand in September 2026: about 520 VND a brand-name SMS; it varies, and is less above 5,000 a month",
};
/// A USD in VND.
pub const USD_VND: Listed = Listed {
    amount: 26_000.0,
    currency: Currency::Vnd,
    assumed: true,
    source: "**an assumption**, rounded: Vietcombank bought at 25,790 and sold at 26,150 on 23 May 2025 (doanhnghiepvn.vn, second hand)",
};

/// All prices of AWS, for the table; the SMS parts have their own.
pub const ALL: [Price; 12] = [
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
];
