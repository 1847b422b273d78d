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
  nflx servers session.pcapng               who served the video
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
                                            what a model says of each window
  nflx annotate session.pcap for-all.pcapng what is known as comments, for Wireshark without the plugin
  nflx report session.pcapng -o report.html a page with pictures, for a browser
  dumpcap -i eth0 -w - | nflx segments --live -
                                            each segment when it is over, from an interface
  dumpcap -i eth0 -w - | nflx segments --live - --rotate 5m -o rows/
                                            the same as Parquet, a file for every five minutes

Exit status: 0 done; 1 done, but input was damaged (all that could be read was used); 2 wrong usage or unreadable input.";

const CAPTURES: &str = "\
Captures are pcap or pcapng, plain or compressed with gzip, zstd or lz4. They are read twice where a later packet tells what earlier ones \
were; a pipe is therefore copied to a temporary file without a name (in TMPDIR) while it is read.

Of a folder, and of those in it, all captures are read: files that begin like one or are named like one (.pcap, .pcapng, .cap, \
also .gz, .zst, .lz4), except hidden ones. Rows stand in the order of the captures, whichever is read first; rows that wait go to TMPDIR \
where they are many. What is wrong with a capture is said at the end, and the rest is intact.

Files of one ring (dumpcap -b, tcpdump -C and -G, editcap -c and -i) are one capture: connections and segments go on from \
file to file. They are recognised by names that count, interfaces that agree and times that join (join_gap); --join and \
--no-join decide it. Rows name the file in capture and count frames within it; a segment that ends in a later file than its \
request names that in last_capture.

In Parquet, times are TIMESTAMP(NANOS, UTC), time spans seconds as DOUBLE, lists LIST; the types never depend on the rows. \
Units and meanings stand in the file's metadata (nflx.columns).";

const FEATURES: &str = "\
A session is a client's traffic with Netflix until it pauses for longer than session_idle (60 s); its windows follow each \
other without a gap. Columns have the names of the published data sets: 'nflx columns' lists them with their definitions, \
as docs/features.md does.

Captures are pcap or pcapng, plain or compressed with gzip, zstd or lz4. They are read twice or three times; a pipe is therefore copied to a \
temporary file without a name (in TMPDIR) while it is read.";

const PLAYBACK: &str = "\
Nothing but packets is needed: a player whose buffer is full asks for the next segment when as much has been played as one \
holds, so the seconds of media in a segment follow from its requests, and the buffer from both. Where nothing decides, values \
are null and 'reason' says why.

--format p1203 writes one JSON object for each session instead: the input of ITU-T P.1203 (I11, I13, I23 of mode 0), from \
which the standard's reference implementation computes a mean opinion score. Codec, frame rate, resolution and device are \
assumed, as no packet shows them; the key nflx says so.

Captures are pcap or pcapng, plain or compressed with gzip, zstd or lz4. They are read twice where a later packet tells what earlier ones \
were; a pipe is therefore copied to a temporary file without a name (in TMPDIR) while it is read.";

const QUALITY: &str = "\
A model is an ONNX file: a forest, boosted trees or a linear model, as skl2onnx and onnxmltools export them. Its card, in the \
file's metadata, names the columns of features that it takes and says when it answers; 'nflx model check' shows it. Where the \
model should not answer there is a reason and no guess: a window that is not complete, an input outside the values seen in \
training, a session joined midway. The window and the settings on the card apply, and others are refused.

A session is a client's traffic with Netflix until it pauses for longer than session_idle (60 s); its windows follow each \
other without a gap, as those of 'nflx features' do.";

const COMMENTS: &str = "\
The output is pcapng. Of pcapng input every byte is kept, also of what is damaged or unknown; comments are added last, and \
none where there is one of nflx already. pcap input is converted. The section comment sums the capture up.

In Wireshark: frame.comment contains \"segment 17\"";

const COMPLETIONS: &str = "\
The Debian package has them for bash, zsh and fish in place. Without it, for the user alone:
  bash  nflx completions bash > ~/.local/share/bash-completion/completions/nflx
  zsh   nflx completions zsh > _nflx, in a folder of $fpath
  fish  nflx completions fish > ~/.config/fish/completions/nflx.fish";

const PAGE: &str = "\
The page is one file that needs nothing else: no network, no script. It reads well on a phone and in print. Of large captures \
it sums up or leaves out what would make it long, and says so.";

/// Netflix streaming in captures: which servers, which segments, how fast
#[derive(Debug, Parser)]
#[command(name = "nflx", version, styles = STYLES, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List Netflix's servers: who said so, what they do, packets and bytes in both directions
    #[command(after_help = CAPTURES)]
    Servers(Run),
    /// List segments: each request to a Netflix server and the response to it
    #[command(after_help = CAPTURES)]
    Segments(Run),
    /// List every packet of Netflix's servers with flow, segment and counters up to it
    #[command(after_help = CAPTURES)]
    Packets(Run),
    /// List windows of each client's streaming with the features that models of video quality are trained on
    #[command(after_help = FEATURES)]
    Features(FeaturesRun),
    /// List sessions: one title played by one viewer, with start-up, stalls, bit rates
    #[command(after_help = PLAYBACK)]
    Sessions(Run),
    /// List what each session's player did over time: state, buffer, bit rates
    #[command(after_help = PLAYBACK)]
    Playback(PlaybackRun),
    /// List windows of each client's streaming with what a model says of them
    #[command(after_help = QUALITY)]
    Quality(QualityRun),
    /// Look at a model
    #[command(subcommand)]
    Model(ModelCommand),
    /// List the columns of features with type, unit and definition
    Columns(Output),
    /// Copy a capture with what is known about its packets as comments, which Wireshark shows without the plugin
    #[command(after_help = COMMENTS)]
    Annotate(Annotate),
    /// Write one page that shows a capture to people: servers, segments, throughput, gaps, loss
    #[command(after_help = PAGE)]
    Report(ReportRun),
    /// List every setting with its value, unit and where the default comes from
    Settings(SettingsRun),
    /// Write what a shell needs to complete commands and options
    #[command(after_help = COMPLETIONS)]
    Completions(Completions),
}

/// A shell that completes what is typed.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Shell to write for
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// A run over captures.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Captures to read, folders of them, or quoted patterns such as 'day*/**/*.pcap'; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Write each row when nothing about it will change, of a pipe or a file that grows; SIGTERM and Ctrl-C end it with what
    /// there is. What only a whole session tells is null: media_s, bitrate_bps. The default for segments from a pipe,
    /// written as JSON lines or CSV
    #[arg(long, conflicts_with = "no_live")]
    pub(crate) live: bool,
    /// Wait for the end of a pipe: rows then say what only the whole capture tells
    #[arg(long)]
    pub(crate) no_live: bool,
    /// Captures to read at once [default: one for each core]
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZero<usize>>,
    #[command(flatten)]
    pub(crate) joining: JoinOptions,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Write a Parquet file for each capture: capture=NAME/part.parquet below the folder that -o names
    #[arg(long, help_heading = "Output")]
    pub(crate) partition: bool,
    /// With --live: begin a new file in the folder that -o names after so much time (30s, 5m, 1h, 1d), by the clock of the
    /// capture, and on SIGHUP. Files appear when they are complete
    #[arg(long, value_name = "TIME", value_parser = period, help_heading = "Output")]
    pub(crate) rotate: Option<NonZero<u32>>,
    #[command(flatten)]
    pub(crate) analysis: Analysis,
    /// Model to ask, loaded.
    #[arg(skip)]
    pub(crate) model: Option<Arc<Model>>,
    /// Seconds behind each window at which its row is told, as it is known then.
    #[arg(skip)]
    pub(crate) as_known: Option<u64>,
}

/// Which files are one capture.
#[derive(Debug, Args)]
pub(crate) struct JoinOptions {
    /// Read all files as one capture, in order of time
    #[arg(long, conflicts_with = "no_join")]
    pub(crate) join: bool,
    /// Read each file by itself, also where one follows the other as those of a ring do
    #[arg(long)]
    pub(crate) no_join: bool,
}

impl JoinOptions {
    /// What the options ask for.
    pub(crate) fn how(&self, config: &Config) -> rings::Joining {
        match (self.join, self.no_join) {
            (true, _) => rings::Joining::All,
            (_, true) => rings::Joining::Never,
            _ => rings::Joining::Found(1_000_000_000 * config.join_gap() as i64),
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
    /// Add what this model says of each window: an ONNX file with a card, see 'nflx quality --help'
    #[arg(short, long, value_name = "FILE", help_heading = "Model")]
    model: Option<PathBuf>,
    /// Columns of features that a model without a card takes, in their order
    #[arg(long, value_name = "LIST", requires = "model", help_heading = "Model")]
    columns: Option<String>,
}

impl FeaturesRun {
    /// The run, with the window among its settings, and the model.
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
    /// Length of a window; windows begin with a session's first packet [default: 10]
    #[arg(long, value_name = "SECONDS", help_heading = "Analysis")]
    window: Option<String>,
    /// Tell each row as a host that reads once knows it so long after the window [default: with --live 0]
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
    /// Model to ask: an ONNX file
    #[arg(short, long, value_name = "FILE", help_heading = "Model")]
    model: PathBuf,
    /// Columns of features that a model without a card takes, in their order
    #[arg(long, value_name = "LIST", help_heading = "Model")]
    columns: Option<String>,
}

impl QualityRun {
    /// The run, with the window among its settings, and the model.
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
    /// Columns of features that a model without a card takes, in their order
    #[arg(long, value_name = "LIST")]
    pub(crate) columns: Option<String>,
}

/// A capture with comments.
#[derive(Debug, Args)]
pub(crate) struct Annotate {
    /// Capture to read; - is standard input
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// pcapng file to write; it appears, or changes, only when it is complete; - is standard output
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Which packets get a comment
    #[arg(long, value_enum, default_value_t = Which::All, value_name = "WHICH")]
    pub(crate) packets: Which,
    /// Take the comments out again: gives the capture as it was before
    #[arg(long, conflicts_with = "packets")]
    pub(crate) strip: bool,
    #[command(flatten)]
    pub(crate) analysis: Analysis,
}

/// Packets that get a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// Every packet of Netflix's servers
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
    /// HTML file to write; it appears, or changes, only when it is complete [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show what this model says of each window: an ONNX file with a card, see 'nflx quality --help'
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

/// Where rows go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// How to write rows [default: what the name of the output file ends in; else table on a terminal, else jsonl]
    #[arg(short, long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write to this file; it appears, or changes, only when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How packets are judged.
#[derive(Debug, Args)]
#[command(next_help_heading = "Analysis")]
pub(crate) struct Analysis {
    /// Kinds of evidence that make a server Netflix's: config, sni, quic_sni, http_host, dns, cname, dns_owner, prefix
    /// [default: all but dns_owner, which is the classic rule]
    #[arg(long, value_name = "LIST")]
    evidence: Option<String>,
    /// How requests are told apart: flow (per connection) or server (the classic rule, per address) [default: flow]
    #[arg(long, value_name = "RULE")]
    segment_rule: Option<String>,
    /// Words that make a name Netflix's [default: nflxvideo,netflix,nflxso,nflxext,nflximg,nflxsearch]
    #[arg(long, value_name = "LIST")]
    domains: Option<String>,
    /// Further addresses that are Netflix's, in CIDR notation, for example 198.51.100.0/24,2001:db8::/32
    #[arg(long, value_name = "LIST")]
    prefixes: Option<String>,
    /// Any other setting, see 'nflx settings'; may be repeated
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

/// Parses the command line. What is not a run, such as `--help` or a mistake, is printed, and its exit status returned.
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
