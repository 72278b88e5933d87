declare module "wink-porter2-stemmer" {
  /** The stem of one lower-case English word; any other word comes back as it is. */
  function stem(word: string): string;
  export = stem;
}
