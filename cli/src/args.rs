//! The command line.

mod values;

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use nflx_core::Config;
use nflx_core::config::ConfigError;
use nflx_core::quality::model::Model;

pub(crate) use self::values::sentence;
use self::values::{name_and_value, period, step};
use crate::output::Format;
use crate::rings;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  nflx servers session.pcapng               which servers sent the video
  nflx segments captures/ --partition -o table
                                            all captures of a folder, a Parquet file each
  nflx segments a.pcap b.pcap.gz -o segments.parquet
  nflx packets session.pcap | jq 'select(.request)'
  nflx servers --evidence dns_owner --segment-rule server session.pcap
                                            the classic rules
  nflx features --window 10 --format csv session.pcap
                                            a training table: one row per session and 10 s
  nflx sessions session.pcap                what viewers saw: start-up, stalls, bit rates
  nflx playback --step 0.5 session.pcap     the player's buffer over time
  nflx quality --model model.onnx session.pcap
                                            a model's answer for each window
  nflx annotate session.pcap for-all.pcapng facts as comments, for Wireshark without the plugin
  nflx report session.pcapng -o report.html a page with pictures, for a browser
  dumpcap -i eth0 -w - | nflx segments --live -
                                            each segment once it is over, from an interface
  dumpcap -i eth0 -w - | nflx segments --live - --rotate 5m -o rows/
                                            the same as Parquet, a file for every five minutes

Exit status: 0 done; 1 done, but input was damaged (everything readable was used); 2 wrong usage or unreadable input.";

const CAPTURES: &str = "\
Captures are pcap or pcapng, plain or compressed with gzip, zstd or lz4. They are read twice if a later packet reveals what earlier ones \
were; a pipe is therefore copied to a temporary file without a name (in TMPDIR) while it is read.

In a folder, and in folders within it, nflx reads all captures: files that begin like one or are named like one (.pcap, .pcapng, \
.cap, also .gz, .zst, .lz4), except hidden ones. Rows are in the order of the captures, whichever is read first; if many rows have \
to wait, they go to TMPDIR. Problems with a capture are reported at the end, and do not affect the others.

Files of one ring (dumpcap -b, tcpdump -C and -G, editcap -c and -i) are one capture: connections and segments continue from \
file to file. They are recognised by consecutive numbers or dates in their names, equal interfaces and adjoining times (join_gap); \
--join and --no-join override this. Rows name the file in capture and count frames within it; if a segment ends in a later file than \
its request, last_capture names that file.

In Parquet, times are TIMESTAMP(NANOS, UTC), time spans are seconds as DOUBLE, lists are LIST; the types never depend on the rows. \
Units and meanings are in the file's metadata (nflx.columns).";

const FEATURES: &str = "\
A session is a client's traffic with Netflix until it pauses for longer than session_idle (60 s); its windows follow each \
other without a gap. Columns have the names of the published data sets: 'nflx columns' lists them with their definitions, \
as docs/features.md does.

Captures are pcap or pcapng, plain or compressed with gzip, zstd or lz4. They are read twice or three times; a pipe is therefore copied to a \
temporary file without a name (in TMPDIR) while it is read.";

const PLAYBACK: &str = "\
Only packets are needed: a player with a full buffer asks for the next segment when it has played as much as one holds. So the \
seconds of media in a segment follow from the player's requests, and the buffer from both. If something cannot be determined, \
values are null and 'reason' tells why.

--format p1203 writes one JSON object per session instead: the input of ITU-T P.1203 (I11, I13, I23 of mode 0), from \
which the standard's reference implementation computes a mean opinion score. Codec, frame rate, resolution and device are \
assumed, because no packet shows them; the key nflx states this.

Captures are pcap or pcapng, plain or compressed with gzip, zstd or lz4. They are read twice if a later packet reveals what earlier ones \
were; a pipe is therefore copied to a temporary file without a name (in TMPDIR) while it is read.";

const QUALITY: &str = "\
A model is an ONNX file: a forest, boosted trees or a linear model, as skl2onnx and onnxmltools export them. Its card, in the \
file's metadata, names the feature columns that it takes and states when it answers; 'nflx model check' shows it. If the \
model should not answer, there is a reason instead of a guess: an incomplete window, an input outside the values seen in \
training, a session joined midway. The window and the settings on the card apply, and other values are refused.

A session is a client's traffic with Netflix until it pauses for longer than session_idle (60 s); its windows follow each \
other without a gap, as those of 'nflx features' do.";

const COMMENTS: &str = "\
The output is pcapng. Every byte of pcapng input is kept, even if it is damaged or unknown. Comments are added last, and only \
where nflx has not added one already. pcap input is converted. The section comment summarises the capture.

In Wireshark: frame.comment contains \"segment 17\"";

const COMPLETIONS: &str = "\
The Debian package installs them for bash, zsh and fish. Without it, install them for your user:
  bash  nflx completions bash > ~/.local/share/bash-completion/completions/nflx
  zsh   nflx completions zsh > _nflx, in a folder of $fpath
  fish  nflx completions fish > ~/.config/fish/completions/nflx.fish";

const PAGE: &str = "\
The page is one file that needs nothing else: no network, no script. It reads well on a phone and in print. For large captures, \
it summarises or omits what would make it long, and states this.";

/// Netflix streaming in captures: which servers, which segments, how fast
#[derive(Debug, Parser)]
#[command(name = "nflx", version, styles = STYLES, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command to run.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List Netflix servers: evidence, role, packets and bytes in both directions
    #[command(after_help = CAPTURES)]
    Servers(Run),
    /// List segments: each request to a Netflix server and its response
    #[command(after_help = CAPTURES)]
    Segments(Run),
    /// List every packet of Netflix servers with flow, segment and counters up to it
    #[command(after_help = CAPTURES)]
    Packets(Run),
    /// List windows of each client's streaming with the features that models of video quality are
    /// trained on
    #[command(after_help = FEATURES)]
    Features(FeaturesRun),
    /// List sessions: one title played by one viewer, with start-up, stalls, bit rates
    #[command(after_help = PLAYBACK)]
    Sessions(Run),
    /// List what each session's player did over time: state, buffer, bit rates
    #[command(after_help = PLAYBACK)]
    Playback(PlaybackRun),
    /// List windows of each client's streaming with a model's answers
    #[command(after_help = QUALITY)]
    Quality(QualityRun),
    /// Inspect a model
    #[command(subcommand)]
    Model(ModelCommand),
    /// List the columns of features, with these settings, with type, unit and definition
    Columns(SettingsRun),
    /// Copy a capture with facts about its packets as comments, which Wireshark shows without the
    /// plugin
    #[command(after_help = COMMENTS)]
    Annotate(Annotate),
    /// Write one page that shows a capture to people: servers, segments, throughput, gaps, loss
    #[command(after_help = PAGE)]
    Report(ReportRun),
    /// List every setting with its value, unit and the source of its default
    Settings(SettingsRun),
    /// Write a shell's completions of commands and options
    #[command(after_help = COMPLETIONS)]
    Completions(Completions),
}

/// Options of `nflx completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Shell to write for
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// A run over captures.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Captures to read, folders of them, or quoted patterns such as 'day*/**/*.pcap'; - is
    /// standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Write each row once nothing about it will change, from a pipe or a file that grows; SIGTERM
    /// and Ctrl-C end it with the rows so far. Values that need the whole session are null:
    /// media_s, bitrate_bps. The default for segments from a pipe, written as JSON lines or CSV
    #[arg(long, conflicts_with = "no_live")]
    pub(crate) live: bool,
    /// Wait for the end of a pipe, so that rows include what only the whole capture shows
    #[arg(long)]
    pub(crate) no_live: bool,
    /// Captures to read at once [default: one per core]
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZero<usize>>,
    #[command(flatten)]
    pub(crate) joining: JoinOptions,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Write one Parquet file per capture: capture=NAME/part.parquet in the folder that -o names
    #[arg(long, help_heading = "Output")]
    pub(crate) partition: bool,
    /// With --live: start a new file in the folder that -o names after this time (30s, 5m, 1h, 1d),
    /// by the clock of the capture, and on SIGHUP. Files appear when they are complete
    #[arg(long, value_name = "TIME", value_parser = period, help_heading = "Output")]
    pub(crate) rotate: Option<NonZero<u32>>,
    #[command(flatten)]
    pub(crate) analysis: Analysis,
    /// The loaded model to evaluate.
    #[arg(skip)]
    pub(crate) model: Option<Arc<Model>>,
    /// Seconds after each window at which its row is written, from the packets up to then.
    #[arg(skip)]
    pub(crate) as_known: Option<u64>,
}

/// Options that decide which files are one capture.
#[derive(Debug, Args)]
pub(crate) struct JoinOptions {
    /// Read all files as one capture, in order of time
    #[arg(long, conflicts_with = "no_join")]
    pub(crate) join: bool,
    /// Read each file by itself, even if they follow each other like the files of a ring
    #[arg(long)]
    pub(crate) no_join: bool,
}

impl JoinOptions {
    /// Returns how the options join files.
    pub(crate) fn how(&self, config: &Config) -> rings::Joining {
        let gap = 1_000_000_000 * config.join_gap() as i64;
        match (self.join, self.no_join) {
            (true, _) => rings::Joining::All(gap),
            (_, true) => rings::Joining::Never,
            _ => rings::Joining::Found(gap),
        }
    }
}

/// A run over captures, in windows.
#[derive(Debug, Args)]
pub(crate) struct FeaturesRun {
    #[command(flatten)]
    run: Run,
    #[command(flatten)]
    window: Window,
    /// Add this model's answer for each window: an ONNX file with a card, see 'nflx quality --help'
    #[arg(short, long, value_name = "FILE", help_heading = "Model")]
    model: Option<PathBuf>,
    /// Feature columns that a model without a card takes, in order
    #[arg(long, value_name = "LIST", requires = "model", help_heading = "Model")]
    columns: Option<String>,
}

impl FeaturesRun {
    /// Returns the run, with the window among its settings, and the model.
    pub(crate) fn into_parts(self) -> (Run, Option<ModelFile>) {
        let model = self.model.map(|model| ModelFile {
            model,
            columns: self.columns,
        });
        (self.window.into(self.run), model)
    }
}

/// The length of windows, and the time at which their rows are told.
#[derive(Debug, Args)]
struct Window {
    /// Length of a window; the first one begins with a session's first packet [default: 10]
    #[arg(long, value_name = "SECONDS", help_heading = "Analysis")]
    window: Option<String>,
    /// Write each row as known this long after the window to a host that reads once
    /// [default: with --live 0]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=86_400), help_heading = "Analysis")]
    as_known: Option<u64>,
}

impl Window {
    /// The run, with the window among its settings.
    fn into(self, mut run: Run) -> Run {
        run.as_known = self.as_known;
        let named = |seconds| ("feature_window".to_owned(), seconds);
        run.analysis.set.extend(self.window.map(named));
        run
    }
}

/// A run over captures, in steps.
#[derive(Debug, Args)]
pub(crate) struct PlaybackRun {
    #[command(flatten)]
    run: Run,
    /// Time between two rows of a session [default: 1]
    #[arg(long, value_name = "SECONDS", value_parser = step, help_heading = "Analysis")]
    step: Option<u32>,
}

impl PlaybackRun {
    /// Sessions are to be written as the input of ITU-T P.1203.
    pub(crate) fn is_p1203(&self) -> bool {
        self.run.output.format == Some(Format::P1203)
    }

    /// The run, with the step among its settings.
    pub(crate) fn into_run(self) -> Run {
        let mut run = self.run;
        run.analysis.set.extend(
            self.step
                .map(|step| ("playback_step".to_owned(), step.to_string())),
        );
        run
    }
}

/// A run over captures with a model, in windows.
#[derive(Debug, Args)]
pub(crate) struct QualityRun {
    #[command(flatten)]
    run: Run,
    #[command(flatten)]
    window: Window,
    /// Model to evaluate: an ONNX file
    #[arg(short, long, value_name = "FILE", help_heading = "Model")]
    model: PathBuf,
    /// Feature columns that a model without a card takes, in order
    #[arg(long, value_name = "LIST", help_heading = "Model")]
    columns: Option<String>,
}

impl QualityRun {
    /// Returns the run, with the window among its settings, and the model.
    pub(crate) fn into_parts(self) -> (Run, ModelFile) {
        let (model, columns) = (self.model, self.columns);
        (self.window.into(self.run), ModelFile { model, columns })
    }
}

/// What to do with a model.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Load a model as 'nflx quality' does, evaluate the check rows on its card, and show the card
    Check(ModelCheck),
}

/// A look at a model.
#[derive(Debug, Args)]
pub(crate) struct ModelCheck {
    #[command(flatten)]
    pub(crate) model: ModelFile,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// A model's file.
#[derive(Debug, Args)]
pub(crate) struct ModelFile {
    /// Model: an ONNX file
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// Feature columns that a model without a card takes, in order
    #[arg(long, value_name = "LIST")]
    pub(crate) columns: Option<String>,
}

/// A capture with comments.
#[derive(Debug, Args)]
pub(crate) struct Annotate {
    /// Capture to read; - is standard input
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// pcapng file to write; it appears or changes only when it is complete; - is standard output
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Packets that get a comment
    #[arg(long, value_enum, default_value_t = Which::All, value_name = "WHICH")]
    pub(crate) packets: Which,
    /// Remove the comments again, which restores the original capture
    #[arg(long, conflicts_with = "packets")]
    pub(crate) strip: bool,
    #[command(flatten)]
    pub(crate) analysis: Analysis,
}

/// Packets that get a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// Every packet of Netflix servers
    All,
    /// The first packet of each request and the last of each segment
    Requests,
}

/// A page about a capture.
#[derive(Debug, Args)]
pub(crate) struct ReportRun {
    /// Capture to read, or the files of one ring; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) joining: JoinOptions,
    /// HTML file to write; it appears or changes only when it is complete
    /// [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show this model's answer for each window: an ONNX file with a card, see 'nflx quality
    /// --help'
    #[arg(short, long, value_name = "FILE", help_heading = "Model")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) analysis: Analysis,
}

/// A look at the settings.
#[derive(Debug, Args)]
pub(crate) struct SettingsRun {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) analysis: Analysis,
}

/// The output of rows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Format of rows [default: by the extension of the output file; otherwise table on a terminal,
    /// else jsonl]
    #[arg(short, long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write to this file; it appears or changes only when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How packets are judged.
#[derive(Debug, Args)]
#[command(next_help_heading = "Analysis")]
pub(crate) struct Analysis {
    /// Kinds of evidence that identify a server as Netflix: config, sni, quic_sni, http_host, dns,
    /// cname, dns_owner, prefix [default: all but dns_owner, which is the classic rule]
    #[arg(long, value_name = "LIST")]
    evidence: Option<String>,
    /// How requests are separated: flow (per connection) or server (the classic rule, per address)
    /// [default: flow]
    #[arg(long, value_name = "RULE")]
    segment_rule: Option<String>,
    /// Words that identify a name as Netflix [default:
    /// nflxvideo,netflix,nflxso,nflxext,nflximg,nflxsearch]
    #[arg(long, value_name = "LIST")]
    domains: Option<String>,
    /// Further Netflix addresses, in CIDR notation, for example 198.51.100.0/24,2001:db8::/32
    #[arg(long, value_name = "LIST")]
    prefixes: Option<String>,
    /// Any other setting, see 'nflx settings'; can be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    set: Vec<(String, String)>,
}

impl Analysis {
    /// Sets what the options leave open: those that come later win.
    pub(crate) fn set_first(&mut self, settings: impl IntoIterator<Item = (String, String)>) {
        self.set.splice(..0, settings);
    }

    /// The settings that these options make.
    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        self.config_from(Config::default())
    }

    /// The same on top of others.
    pub(crate) fn config_from(&self, mut config: Config) -> Result<Config, ConfigError> {
        for (name, value) in &self.set {
            config.set(name, value)?;
        }
        let options = [
            ("evidence", &self.evidence),
            ("segment_rule", &self.segment_rule),
            ("domains", &self.domains),
            ("prefixes", &self.prefixes),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                config.set(name, value)?;
            }
        }
        Ok(config)
    }
}

/// Parses the command line. What is not a run, such as `--help` or a mistake, is printed, and its
/// exit status returned.
pub(crate) fn parse() -> Result<Cli, u8> {
    Cli::try_parse().map_err(|error| {
        if error.use_stderr()
            && error.kind() != clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        {
            crate::messages::say(&sentence(&error.render().to_string()));
        } else if crate::output::stdout_is_closed() {
            let closed = std::io::Error::other("it is closed");
            return crate::messages::unwritten(None, &closed) as u8;
        } else {
            // Into a closed pipe, perhaps: then nobody reads it.
            let _ = error.print();
        }
        u8::try_from(error.exit_code()).unwrap_or(2)
    })
}

#[cfg(test)]
mod man;
#[cfg(test)]
mod tests;
