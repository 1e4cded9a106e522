//! The sums of a month: those of its days, from the desk's table where they are kept, and counted otherwise. A day that is
//! over is counted once, unless it had nothing: then at each look.

use std::collections::HashMap;
use std::future::Future;

use application::ports::{
    Appointments, Clock, DeskPorts, InquiryDays, KeptSum, NoticeDays, PageToken, StoreError, SumStore,
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::calendar::day_in_vietnam;
use domain::desk::Month;
use domain::desk::sums::{DaySum, Due, Inquiries, Notices, can_be_used, is_final};
use futures::StreamExt;

use crate::session::Door;
use crate::{AT_ONCE, Desk};

/// How to count a day.
pub(crate) trait Countable: DaySum {
    /// How long the rows are kept that it is counted from, in days after the day itself: an older day cannot be counted any
    /// more. None: they are kept for some time after the last change, which may be long after the day.
    fn kept_days<D: Door, P: DeskPorts>(desk: &Desk<D, P>) -> Option<u32>;

    fn count<D: Door, P: DeskPorts>(
        desk: &Desk<D, P>,
        day: NaiveDate,
    ) -> impl Future<Output = Result<Self, StoreError>> + Send;
}

/// A month up to today.
pub(crate) struct MonthSums<S> {
    pub days: Vec<(NaiveDate, S)>,
    /// When the oldest of them that may still change was counted.
    pub as_of: DateTime<Utc>,
    /// Days whose rows are deleted, and that nobody counted before.
    pub lost: usize,
}

impl<S: DaySum> MonthSums<S> {
    pub fn whole(&self) -> S {
        self.days.iter().fold(S::default(), |mut all, (_, day)| {
            all.add(day);
            all
        })
    }
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) async fn month_sums<S: Countable>(&self, month: Month) -> Result<MonthSums<S>, StoreError> {
        let now = self.ports.clock().now();
        let mut kept: HashMap<NaiveDate, KeptSum<S>> =
            self.ports.book().sums::<S>(month).await?.into_iter().map(|sum| (sum.day, sum)).collect();
        kept.retain(|day, sum| can_be_used(&sum.sums, *day, sum.made_at, now));
        let today = day_in_vietnam(now);
        let oldest = S::kept_days(self).map_or(NaiveDate::MIN, |days| today - Days::new(days.into()));
        let missing: Vec<_> = month.days_until(today).filter(|day| !kept.contains_key(day)).collect();
        let lost = missing.iter().filter(|day| **day < oldest).count();
        let counted = missing.into_iter().filter(|day| *day >= oldest).map(|day| self.count_day::<S>(day, now));
        let counted: Vec<_> = futures::stream::iter(counted).buffer_unordered(AT_ONCE).collect().await;
        for sum in counted {
            let sum = sum?;
            kept.insert(sum.day, sum);
        }
        let may_change = kept.values().filter(|sum| !is_final(&sum.sums, sum.day, sum.made_at));
        let as_of = may_change.map(|sum| sum.made_at).min().unwrap_or(now);
        let mut days: Vec<_> = kept.into_values().map(|sum| (sum.day, sum.sums)).collect();
        days.sort_by_key(|(day, _)| *day);
        Ok(MonthSums { days, as_of, lost })
    }

    async fn count_day<S: Countable>(&self, day: NaiveDate, made_at: DateTime<Utc>) -> Result<KeptSum<S>, StoreError> {
        let sum = KeptSum { day, made_at, sums: S::count(self, day).await? };
        if sum.sums == S::default() {
            // It may be a day before the index existed, whose rows come when the index is filled.
            return Ok(sum);
        }
        if let Err(error) = self.ports.book().keep_sums(&sum).await {
            // It is counted again the next time.
            tracing::warn!(%error, "the sums of a day are not kept");
        }
        Ok(sum)
    }
}

impl Countable for Inquiries {
    fn kept_days<D: Door, P: DeskPorts>(desk: &Desk<D, P>) -> Option<u32> {
        Some(desk.config.inquiries_kept_days)
    }

    async fn count<D: Door, P: DeskPorts>(desk: &Desk<D, P>, day: NaiveDate) -> Result<Self, StoreError> {
        let (mut sums, mut after) = (Self::default(), None);
        loop {
            let page = desk.ports.inquiries().texts_of(day, after).await?;
            page.texts.iter().for_each(|text| sums.count(text.id.gateway(), text.charged));
            after = page.next;
            if after.is_none() {
                return Ok(sums);
            }
        }
    }
}

impl Countable for Notices {
    fn kept_days<D: Door, P: DeskPorts>(desk: &Desk<D, P>) -> Option<u32> {
        Some(desk.config.notices_kept_days)
    }

    async fn count<D: Door, P: DeskPorts>(desk: &Desk<D, P>, day: NaiveDate) -> Result<Self, StoreError> {
        let (mut sums, mut after) = (Self::default(), None);
        loop {
            let page = desk.ports.notices().counted(day, after).await?;
            page.sendings.iter().for_each(|sending| sums.count(sending));
            after = page.next;
            if after.is_none() {
                return Ok(sums);
            }
        }
    }
}

impl Countable for Due {
    /// A dossier that is still open is there, however late it is.
    fn kept_days<D: Door, P: DeskPorts>(_: &Desk<D, P>) -> Option<u32> {
        None
    }

    async fn count<D: Door, P: DeskPorts>(desk: &Desk<D, P>, day: NaiveDate) -> Result<Self, StoreError> {
        let today = day_in_vietnam(desk.ports.clock().now());
        let (mut sums, mut after): (Self, Option<PageToken>) = Default::default();
        loop {
            let page = desk.ports.dossiers().appointed_on(day, after).await?;
            let (office, closed) = (&desk.config.office, &desk.config.closed_steps);
            page.dossiers.iter().for_each(|dossier| sums.count(dossier, office, today, closed));
            after = page.next;
            if after.is_none() {
                return Ok(sums);
            }
        }
    }
}
