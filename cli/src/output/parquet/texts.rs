//! Columns of texts, of which a batch holds each different one once, and the numbers of all.
//!
//! The library's writer compares every text with the smallest and the largest so far, and looks it up by its bytes to find
//! its place in the dictionary, which the batch has done already. So it is given the different texts once each, for the
//! dictionary and the statistics, and the numbers as a column of whole numbers, whose data pages say the same as those of
//! the texts: places in a dictionary. Put together, these are byte for byte what it makes of the texts themselves.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{PageType, Type as Physical};
use parquet::column::page::{CompressedPage, PageWriteSpec, PageWriter};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, Type as Node};

use super::super::batch::{ABSENT, Texts};

/// Bytes of the different texts of a row group from which on the library decides how they are stored: it leaves the
/// dictionary at 1 MiB.
const MANY: usize = 512 * 1024;

/// Texts are given to the library in portions of so many rows.
const PORTION: usize = 4096;

/// A row group's part of a column of texts.
pub(super) struct Chunk<'a> {
    pub(super) descriptor: &'a ColumnDescPtr,
    pub(super) properties: &'a WriterPropertiesPtr,
    /// Per row, or per item where there are lists: "definition level".
    pub(super) presence: &'a [i16],
    /// Per item of lists: "repetition level".
    pub(super) repetition: Option<&'a [i16]>,
    pub(super) texts: &'a Texts,
}

/// A column's pages, and what is said of them.
type Pages = (Bytes, ColumnCloseResult);

impl Chunk<'_> {
    /// Writes it as the next column.
    pub(super) fn write<W: Write + Send>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        let size: usize = self.texts.different.iter().map(|text| text.len()).sum();
        if size < MANY && !self.texts.different.is_empty() {
            let (pages, close) = self.by_numbers()?;
            return group.append_column(&pages, close);
        }
        let Some(mut writer) = group.next_column()? else {
            return Ok(());
        };
        let ColumnWriter::ByteArrayColumnWriter(texts) = writer.untyped() else {
            return Err(ParquetError::General(
                "a column of texts has another type in its schema".to_owned(),
            ));
        };
        self.one_by_one(texts)?;
        writer.close()
    }

    /// Each different text once, and the numbers.
    fn by_numbers(&self) -> Result<Pages, ParquetError> {
        let mut dictionary = None;
        let known = self.once(&mut dictionary)?;
        let mut sink = TrackedWrite::new(Vec::new());
        let pages = WithDictionary {
            pages: SerializedPageWriter::new(&mut sink),
            dictionary,
        };
        let mut writer = self.writer::<Int32Type>(self.descriptor_of_numbers()?, pages);
        writer.write_batch(&self.texts.numbers, Some(self.presence), self.repetition)?;
        let mut close = writer.close()?;
        close.metadata = self.metadata(&close.metadata, &known)?;
        Ok((sink.into_inner()?.into(), close))
    }

    /// Writes each different text once, and what is absent; gives the dictionary, and says what is known of the texts.
    fn once(
        &self,
        dictionary: &mut Option<CompressedPage>,
    ) -> Result<ColumnChunkMetaData, ParquetError> {
        let texts = self.different();
        let mut levels = vec![self.descriptor.max_def_level(); texts.len()];
        levels.resize(
            texts.len() + self.presence.len() - self.texts.numbers.len(),
            ABSENT,
        );
        let repetition = self.repetition.map(|_| vec![0; levels.len()]);
        let mut writer =
            self.writer::<ByteArrayType>(self.descriptor.clone(), OnlyDictionary(dictionary));
        writer.write_batch(&texts, Some(&levels), repetition.as_deref())?;
        Ok(writer.close()?.metadata)
    }

    fn writer<'p, T: DataType>(
        &self,
        descriptor: ColumnDescPtr,
        pages: impl PageWriter + 'p,
    ) -> ColumnWriterImpl<'p, T> {
        ColumnWriterImpl::new(descriptor, self.properties.clone(), Box::new(pages))
    }

    /// The column, if it held whole numbers.
    fn descriptor_of_numbers(&self) -> Result<ColumnDescPtr, ParquetError> {
        let descriptor = self.descriptor;
        let node = Node::primitive_type_builder(descriptor.name(), Physical::INT32)
            .with_repetition(descriptor.self_type().get_basic_info().repetition())
            .build()?;
        let levels = (descriptor.max_def_level(), descriptor.max_rep_level());
        Ok(Arc::new(ColumnDescriptor::new(
            Arc::new(node),
            levels.0,
            levels.1,
            descriptor.path().clone(),
        )))
    }

    /// Returns the file's metadata of the column: of its pages what was said of the numbers, of its values what is
    /// known of the texts.
    fn metadata(
        &self,
        numbers: &ColumnChunkMetaData,
        known: &ColumnChunkMetaData,
    ) -> Result<ColumnChunkMetaData, ParquetError> {
        let lengths: Vec<_> = self
            .texts
            .different
            .iter()
            .map(|text| text.len() as i64)
            .collect();
        let bytes = self
            .texts
            .numbers
            .iter()
            .map(|&number| lengths[number as usize])
            .sum();
        let mut builder = ColumnChunkMetaData::builder(self.descriptor.clone())
            .set_compression_codec(numbers.compression_codec())
            .set_encodings_mask(*numbers.encodings_mask())
            .set_total_compressed_size(numbers.compressed_size())
            .set_total_uncompressed_size(numbers.uncompressed_size())
            .set_num_values(numbers.num_values())
            .set_data_page_offset(numbers.data_page_offset())
            .set_dictionary_page_offset(numbers.dictionary_page_offset())
            .set_definition_level_histogram(numbers.definition_level_histogram().cloned())
            .set_repetition_level_histogram(numbers.repetition_level_histogram().cloned())
            .set_unencoded_byte_array_data_bytes(Some(bytes));
        if let Some(encodings) = numbers.page_encoding_stats() {
            builder = builder.set_page_encoding_stats(encodings.clone());
        }
        if let Some(statistics) = known.statistics() {
            builder = builder.set_statistics(statistics.clone());
        }
        builder.build()
    }

    /// All texts, each as often as it occurs, without holding all of that at once.
    fn one_by_one(
        &self,
        writer: &mut ColumnWriterImpl<'_, ByteArrayType>,
    ) -> Result<(), ParquetError> {
        let different = self.different();
        let mut numbers = self.texts.numbers.iter();
        let mut start = 0;
        while start < self.presence.len() {
            let range = start..self.row_end(start + PORTION);
            start = range.end;
            let presence = &self.presence[range.clone()];
            let count = presence
                .iter()
                .filter(|&&level| level == self.descriptor.max_def_level())
                .count();
            let portion = numbers
                .by_ref()
                .take(count)
                .map(|&number| different[number as usize].clone());
            let repetition = self.repetition.map(|levels| &levels[range]);
            writer.write_batch(&portion.collect::<Vec<_>>(), Some(presence), repetition)?;
        }
        Ok(())
    }

    /// Where a row ends, from a level on.
    fn row_end(&self, from: usize) -> usize {
        let within: Range<usize> = from.min(self.presence.len())..self.presence.len();
        let end = within.end;
        let begins = |&at: &usize| self.repetition.is_none_or(|levels| levels[at] == 0);
        within.into_iter().find(begins).unwrap_or(end)
    }

    fn different(&self) -> Vec<ByteArray> {
        self.texts
            .different
            .iter()
            .map(|text| Bytes::copy_from_slice(text.as_bytes()).into())
            .collect()
    }
}

/// Keeps the dictionary of a column, and no other page.
struct OnlyDictionary<'a>(&'a mut Option<CompressedPage>);

impl PageWriter for OnlyDictionary<'_> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        if page.page_type() == PageType::DICTIONARY_PAGE {
            *self.0 = Some(page);
        }
        Ok(PageWriteSpec::new())
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        Ok(())
    }
}

/// Writes the pages of a column, with another dictionary.
struct WithDictionary<'a> {
    pages: SerializedPageWriter<'a, Vec<u8>>,
    dictionary: Option<CompressedPage>,
}

impl PageWriter for WithDictionary<'_> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        let page = match page.page_type() {
            PageType::DICTIONARY_PAGE => self.dictionary.take().unwrap_or(page),
            _ => page,
        };
        self.pages.write_page(page)
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        self.pages.close()
    }
}

#[cfg(test)]
mod tests {
    use parquet::basic::Encoding;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::record::Field;
    use proptest::prelude::*;

    use super::super::super::batch::{ITEM, PRESENT};
    use super::super::{Parquet, schema};
    use super::*;
    use crate::rows::{Column, Rows, Type, Value};

    /// Rows of a text and several words.
    struct Fake;

    /// The contents of a row.
    struct Row {
        text: Option<String>,
        words: Option<Vec<String>>,
    }

    impl Rows for Fake {
        type Row<'a> = (Option<&'a str>, Option<&'a [&'a str]>);

        const NAME: &'static str = "fake";

        const COLUMNS: &'static [Column<Self>] = &[
            Column {
                key: "text",
                kind: Type::Text,
                unit: "",
                about: "",
                value: |row| row.0.into(),
                table: None,
            },
            Column {
                key: "words",
                kind: Type::Words,
                unit: "",
                about: "",
                value: |row| row.1.map_or(Value::Null, Value::Words),
                table: None,
            },
        ];
    }

    fn row(text: Option<&str>, words: Option<&[&str]>) -> Row {
        Row {
            text: text.map(str::to_owned),
            words: words.map(|words| words.iter().map(|&word| word.to_owned()).collect()),
        }
    }

    fn written(rows: &[Row]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut parquet = Parquet::<_, Fake>::new(&mut bytes, |_| true).expect("begun");
        for row in rows {
            let words: Option<Vec<_>> = row
                .words
                .as_ref()
                .map(|words| words.iter().map(String::as_str).collect());
            parquet
                .row(&(row.text.as_deref(), words.as_deref()))
                .expect("written");
        }
        parquet.finish().expect("ended");
        bytes
    }

    /// Returns the bytes that the library makes of the texts themselves.
    fn by_the_library(rows: &[Row]) -> Vec<u8> {
        let columns: Vec<_> = Fake::COLUMNS.iter().collect();
        let (schema, properties) = (
            schema::schema(&columns).expect("a schema"),
            schema::properties(&columns),
        );
        let mut bytes = Vec::new();
        let mut file =
            SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).expect("begun");
        let mut group = file.next_row_group().expect("begun");
        let mut column = |texts: Vec<&String>, presence: &[i16], repetition| {
            let texts: Vec<ByteArray> = texts
                .into_iter()
                .map(|text| text.as_bytes().to_vec().into())
                .collect();
            let mut writer = group.next_column().expect("begun").expect("another");
            let ColumnWriter::ByteArrayColumnWriter(column) = writer.untyped() else {
                panic!("texts")
            };
            column
                .write_batch(&texts, Some(presence), repetition)
                .expect("written");
            writer.close().expect("ended");
        };
        let presence: Vec<_> = rows
            .iter()
            .map(|row| if row.text.is_some() { PRESENT } else { ABSENT })
            .collect();
        column(
            rows.iter().filter_map(|row| row.text.as_ref()).collect(),
            &presence,
            None,
        );
        let levels = |row: &Row| match &row.words {
            None => vec![(ABSENT, 0)],
            Some(words) if words.is_empty() => vec![(PRESENT, 0)],
            Some(words) => (0..words.len())
                .map(|at| (ITEM, i16::from(at > 0)))
                .collect(),
        };
        let (presence, repetition): (Vec<_>, Vec<_>) = rows.iter().flat_map(levels).unzip();
        column(
            rows.iter()
                .filter_map(|row| row.words.as_ref())
                .flatten()
                .collect(),
            &presence,
            Some(&repetition),
        );
        group.close().expect("ended");
        file.close().expect("ended");
        bytes
    }

    /// The first column, and the encodings of its data.
    fn read(bytes: Vec<u8>) -> (Vec<Option<String>>, Vec<Encoding>) {
        let file = SerializedFileReader::new(Bytes::from(bytes)).expect("a file");
        let rows = file.get_row_iter(None).expect("rows").map(|row| {
            match &row.expect("a row").into_columns()[0].1 {
                Field::Str(text) => Some(text.clone()),
                Field::Null => None,
                other => panic!("{other}"),
            }
        });
        (
            rows.collect(),
            file.metadata().row_group(0).column(0).encodings().collect(),
        )
    }

    #[test]
    fn many_rows_are_what_the_library_makes_of_them() {
        let words = ["dns", "sni", "cname", "prefix", "http_host"];
        let rows: Vec<_> = (0..50_000_usize)
            .map(|number| {
                let text = (number % 7 > 0).then(|| format!("server-{}", number / 3 % 500));
                row(
                    text.as_deref(),
                    (number % 11 > 0).then(|| &words[number % 3..number % 3 + number % 4 % 3]),
                )
            })
            .collect();
        assert!(written(&rows) == by_the_library(&rows));
        let nothing: Vec<_> = (0..100).map(|_| row(None, None)).collect();
        assert!(written(&nothing) == by_the_library(&nothing));
    }

    #[test]
    fn texts_that_fill_a_dictionary_are_left_to_the_library() {
        let texts: Vec<_> = (0..6000).map(|number| format!("{number:>200}")).collect();
        let rows: Vec<_> = texts
            .iter()
            .map(|text| row(Some(text), Some(&["of", text, "and"])))
            .collect();
        let (read, encodings) = read(written(&rows));
        assert!(read.iter().flatten().eq(&texts));
        assert!(
            encodings.contains(&Encoding::PLAIN) && encodings.contains(&Encoding::RLE_DICTIONARY)
        );
    }

    fn any_text() -> impl Strategy<Value = String> {
        // Some share their beginning, are longer than what statistics hold, or end within a character there.
        prop_oneof![
            "[ab]{0,2}",
            "a{60,70}[a-c]",
            "(\u{e9}|\u{20ac}|a){20,40}",
            "\u{10ffff}{16,20}",
            any::<String>()
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_texts(
            rows in prop::collection::vec(
                (prop::option::of(any_text()), prop::option::of(prop::collection::vec(any_text(), 0..4))),
                1..60,
            ),
        ) {
            let rows: Vec<_> = rows.into_iter().map(|(text, words)| Row { text, words }).collect();
            prop_assert!(written(&rows) == by_the_library(&rows));
        }
    }
}
