//! Whether a dossier costs the same in a large province as in a small one: the same jobs on tables of growing size, in
//! memory and in virtual time, calls and request units counted.

use std::sync::Arc;

use serde_json::json;
use simulation::aws::Stack;
use simulation::fault::Faults;
use simulation::meter::Spent;
use simulation::promises::in_virtual_time;
use simulation::scenario::{dossier, notice_config, phone};
use simulation::world::World;

/// The average cost of one job.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Each {
    /// AWS calls.
    pub calls: f64,
    /// Write request units.
    pub write_units: f64,
    /// Read request units.
    pub read_units: f64,
    /// Milliseconds waited, at 5 ms per call.
    pub milliseconds: f64,
}

/// The jobs of a province with that many dossiers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grown {
    /// Dossiers in the table, all of them due tomorrow.
    pub dossiers: usize,
    /// A snapshot pushed.
    pub push: Each,
    /// A result notice, from the stream to the completed row.
    pub notice: Each,
    pub inquiry: Each,
    /// An apology planned, the average of all.
    pub planned: Each,
    /// An apology sent, the average of a sample.
    pub sent: Each,
}

/// How many of each job are measured, if not all.
pub(crate) const SAMPLE: usize = 200;

/// Measures a province of `dossiers`.
pub fn measure(dossiers: usize) -> Grown {
    let (send, receive) = std::sync::mpsc::channel();
    in_virtual_time(async move {
        let _ = send.send(jobs(dossiers).await);
    });
    receive.recv().expect("the jobs were done")
}

async fn jobs(dossiers: usize) -> Grown {
    let began = "2026-11-24T10:29:00Z".parse().expect("a time");
    let mut stack = Stack::new(Arc::new(World::at(began)), Arc::new(Faults::none()), notice_config(1_000_000));
    for number in 0..dossiers {
        stack.world.restore(dossier(&code(number), &phone(number), json!({})));
    }
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let step = dossiers / SAMPLE;

    let push = each(&stack, SAMPLE, async {
        for number in 0..SAMPLE {
            let snapshot = dossier(&code(number * step), &phone(number), json!({"revision": 2, "step": "Trình ký"}));
            stack.push(&json!([serde_json::to_value(snapshot).expect("JSON")])).await;
        }
    });
    let push = push.await;
    let inquiry = each(&stack, SAMPLE, async {
        for number in 0..SAMPLE {
            stack.ask(&number.to_string(), &phone(number), &format!("MCKH {}", code(number * step))).await;
        }
    });
    let inquiry = inquiry.await;

    // Closed for another half hour: the apologies are only planned now, and are then all due at once.
    stack.notice_config.window = "18:00-21:00".parse().expect("a window");
    let planned = each(&stack, dossiers, stack.plan(stack.world.now())).await;
    tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
    let before = stack.world.meter.spent();
    let (messages, sent) = (before.messages, each(&stack, 1, stack.send_due()).await);
    let messages = stack.world.meter.spent().messages - messages;
    assert!(messages > 0, "nothing was due");
    let sent = sent.over(messages as f64);

    stack.deliver_stream().await; // the pushes, which require no notice
    let (before, mut waited) = (stack.world.meter.spent(), chrono::TimeDelta::zero());
    for number in 0..SAMPLE {
        // With enough time between them that no notice waits for the rate limiter: its delay does not depend on the
        // table.
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        let done = json!({"revision": 3, "step": "Trả kết quả"});
        stack.world.write(dossier(&code(number * step), &phone(number), done));
        let began = stack.world.now();
        stack.deliver_stream().await;
        waited += stack.world.now() - began;
    }
    let notice = average(&(stack.world.meter.spent() - before), waited, SAMPLE);
    Grown { dossiers, push, notice, inquiry, planned, sent }
}

async fn each<T>(stack: &Stack, count: usize, jobs: impl Future<Output = T>) -> Each {
    let (before, began) = (stack.world.meter.spent(), stack.world.now());
    jobs.await;
    average(&(stack.world.meter.spent() - before), stack.world.now() - began, count)
}

fn average(spent: &Spent, took: chrono::TimeDelta, count: usize) -> Each {
    let all = Each {
        calls: spent.all_calls() as f64,
        write_units: spent.write_units as f64,
        read_units: spent.half_read_units as f64 / 2.0,
        milliseconds: took.num_microseconds().unwrap_or_default() as f64 / 1e3,
    };
    all.over(count as f64)
}

impl Each {
    /// The average of a sum.
    pub(crate) fn over(self, count: f64) -> Self {
        Self {
            calls: self.calls / count,
            write_units: self.write_units / count,
            read_units: self.read_units / count,
            milliseconds: self.milliseconds / count,
        }
    }
}

fn code(number: usize) -> String {
    format!("016{number:07}")
}

/// The growth as a Markdown table: in memory, and on the local stack.
pub fn table(in_memory: &[Grown], on_the_stack: &[Grown]) -> String {
    let mut lines = vec![
        "Calls · write units · read units · milliseconds, each on average: in memory those waited at 5 ms a call, on the \
         local stack those that passed.\n"
            .to_owned(),
        "| dossiers in the table | a push | a result notice | an inquiry | an apology planned | an apology sent |"
            .to_owned(),
        "|---:|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(in_memory.iter().map(|row| row.line("in memory")));
    lines.extend(on_the_stack.iter().map(|row| row.line("on the local stack")));
    let steepest = |rows: &[Grown]| match rows {
        [first, .., last] => 100.0 * (last.dearest_beside(first) - 1.0),
        _ => 0.0,
    };
    lines.push(format!(
        "\nFrom the first to the last row, no job's calls, write units or read units grow by more than {:.1} % in memory and \
         {:.1} % on the local stack.",
        steepest(in_memory),
        steepest(on_the_stack),
    ));
    lines.join("\n")
}

impl Grown {
    fn jobs(&self) -> [Each; 5] {
        [self.push, self.notice, self.inquiry, self.planned, self.sent]
    }

    /// The largest ratio of any count of a job here to the count in the other province.
    fn dearest_beside(&self, other: &Self) -> f64 {
        let counts = |each: Each| [each.calls, each.write_units, each.read_units];
        let ours = self.jobs().into_iter().flat_map(counts);
        let ratios = ours.zip(other.jobs().into_iter().flat_map(counts)).filter(|(ours, _)| *ours > 0.0);
        ratios.map(|(ours, theirs)| ours / theirs).fold(0.0, f64::max)
    }

    fn line(&self, place: &str) -> String {
        let cells = self.jobs().map(|each| {
            format!("{:.2} · {:.2} · {:.2} · {:.2}", each.calls, each.write_units, each.read_units, each.milliseconds)
        });
        format!("| {} {place} | {} |", self.dossiers, cells.join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_more_in_a_larger_province_is_seen() {
        let each = |calls, read_units| Each { calls, read_units, ..Each::default() };
        let grown = |push, sent| Grown { dossiers: 1, push, sent, notice: push, inquiry: push, planned: push };
        let (small, large) = (grown(each(2.0, 0.0), each(4.0, 1.0)), grown(each(2.0, 0.0), each(4.0, 1.5)));
        assert_eq!((large.dearest_beside(&small), small.dearest_beside(&small)), (1.5, 1.0));
    }

    #[test]
    fn a_dossier_costs_the_same_in_a_province_ten_times_as_large() {
        let (small, large) = (measure(1_000), measure(10_000));
        for (job, small, large) in [
            ("push", small.push, large.push),
            ("notice", small.notice, large.notice),
            ("inquiry", small.inquiry, large.inquiry),
            ("planned", small.planned, large.planned),
            ("sent", small.sent, large.sent),
        ] {
            for (what, small, large) in [
                ("calls", small.calls, large.calls),
                ("write units", small.write_units, large.write_units),
                ("read units", small.read_units, large.read_units),
                // Planning writes at most 700 rows per second. The only page of a small province is not delayed by
                // that.
                (
                    "milliseconds",
                    if job == "planned" { 1_000.0 / 700.0 } else { small.milliseconds },
                    large.milliseconds,
                ),
            ] {
                assert!(large <= 1.02 * small, "{job}: {small} {what} of 1,000, {large} of 10,000");
            }
        }
    }
}
