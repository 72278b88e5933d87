import type { Trust } from "../../core/session.ts";
import type { Features } from "./statement.ts";
import { isStopWord } from "./words.ts";

/** How common each stem is, counted in sentences of the sessions alone: what the store holds must not change a choice. */
export interface Commonness {
  add(features: Features): void;
  idf(stem: string): number;
}

// In a short talk no word is rare; it is weighed as a piece of a longer one.
const sentencesMin = 200;

export function createCommonness(): Commonness {
  const counts = new Map<string, number>();
  let sentences = 0;
  return {
    add(features) {
      sentences += 1;
      for (const stem of features.stems) counts.set(stem, (counts.get(stem) ?? 0) + 1);
    },
    idf: (stem) => Math.log(1 + (Math.max(sentences, sentencesMin) + 1) / ((counts.get(stem) ?? 0) + 0.5)),
  };
}

const factVerbs =
  /\b(?:am|is|was|were|are|have|has|had|got|bought|moved|started|finished|joined|left|live|lives|work|works|prefer|prefers|like|likes|love|loves|hate|use|uses|switched|changed|decided|agreed|deployed|released|fixed|broke|upgraded|booked|visited|met|planned|paid|cost|costs|born|graduated|married|owns?|runs?|takes?|needs?|must|always|never|owner|responsible|will)\b/i;
const timeWord =
  /\b(?:yesterday|today|tomorrow|tonight|ago|last|next|since|until|every|weekly|daily|monthly|january|february|march|april|june|july|august|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|20\d\d)\b/i;
const reaction =
  /^(?:thanks?|thank you|great|awesome|cool|nice|perfect|wow|ok|okay|sure|yes|yeah|yep|no|nope|hi|hello|hey|got it|sounds|that(?:'s| is| sounds| was| makes| would)|good (?:idea|point|morning|evening|night|luck|to know)|i see|i think (?:that's|i'll go)|haha|lol|oh|hmm|of course|no problem|you're welcome|congrat|happy to|glad (?:to|you)|i hope|hope (?:this|that|you)|let me know|feel free|bye|cheers|morning|will do|on it|exactly|right|agreed|absolutely|certainly|definitely|danke|super|here (?:are|is|'s)|these (?:are|sound)|those (?:are|sound)|i appreciate|enjoy)\b/i;
const request =
  /^(?:and |but |so |also,? |anyway,? |oh,? |by the way,? |well,? |maybe |actually,? )*(?:can|could|would|will|do|does|did|is|are|was|were|have|has|should|shall|may|what|what's|when|where|which|who|whose|why|how|please|tell me|show me|give me|help me|let me know|let's|remind me|explain|write|create|generate|make (?:me|a)|suggest|recommend|list|i was wondering|i'm wondering|i wonder|any (?:idea|tip|suggestion|recommendation|advice)s?|i need (?:help|some (?:help|advice|inspiration|ideas))|i'd (?:love|like) (?:to (?:hear|know|get|learn|see)|some|your)|i'm (?:looking for|hoping (?:you|to get)|curious)|looking for|check|run|try|look|open|add|update|fix|do|set|use|keep|consider|remember to|make sure|don't forget)\b/i;
// What asks the other side for something without a question mark.
const asking =
  /\b(?:(?:was|i'm|just|been) wondering|could you|can you|would you|if you (?:could|can|have|know)|wanted to ask|(?:any|some|your) (?:more )?(?:other )?(?:tips|advice|suggestions?|recommendations?|ideas|thoughts|inspiration|pointers|guidance|insights?)|help me|looking for (?:some|any|a few|recommendations|tips|advice|ideas|inspiration)|give me|tell me|suggest|recommend)\b/i;
const indirectQuestion =
  /\b(?:wondering (?:if|whether|what|how|which|about)|could you|can you|would you|do you)\b/i;
const advice =
  /\b(?:you (?:can|could|should|may|might|will|need|want)|if you|your|you're|you'll|let me|i can|i'll|i would|i recommend|i suggest)\b/i;

/** 0 for a sentence that is not worth a memory; greater for one that tells more. */
export function salienceOf(
  sentence: string,
  features: Features,
  trust: Trust,
  commonness: Commonness,
): number {
  if (!isStatement(sentence, features)) return 0;
  let mass = 0;
  for (const stem of features.stems) mass += Math.min(commonness.idf(stem), 6);
  let score = mass / 6;
  const english = factVerbs.test(sentence);
  if (features.firstPerson) score += 1.5;
  if (english) score += 1;
  score += Math.min(features.names.length, 3) * 0.8;
  if (/\d/.test(sentence) || features.values.length > 0) score += 1.5;
  if (timeWord.test(sentence)) score += 1;
  if (/\byou\b|\byour\b/i.test(sentence)) score -= 1.5;
  if (trust !== "assistant" && asking.test(sentence)) score -= askingPenalty;
  if (leans.test(sentence) && features.names.length === 0) score -= 1.5;
  // Answers like "Three times actually." tell nothing without their question; of another language nobody here can say.
  if (!english && features.words.length < 7 && isEnglish(features)) score -= 2;
  if (trust === "assistant") {
    if (echo.test(sentence)) return 0;
    if (advice.test(sentence)) score -= 2;
    score *= 0.45;
  } else if (trust !== "user") score *= 0.6;
  return score < (trust === "assistant" ? leastOfAssistant : leastSalience) ? 0 : score;
}

// An assistant that says back what it was told says nothing new.
const echo =
  /^(?:noted|so\b|i(?:'ll| will) (?:remember|note|keep|write|add|put)|okay|ok\b|then\b|thanks|got it|understood|in my notes|that (?:is|matches|would|was)|the last i have|i (?:only )?know|sorry|i have no|i can't)/i;
const leans =
  /^(?:it|it's|its|that|that's|this|these|those|they|there|he|she|him|her|his|no|yes|and|but|or|then|so|also)\b/i;
const askingPenalty = 3.5;
// Below this stand fillers like "It worked well for us."
const leastSalience = 1.6;
const leastOfAssistant = 2.2;

function isEnglish({ words }: Features): boolean {
  return words.filter((word) => isStopWord(word.text)).length >= words.length * 0.3;
}

function isStatement(sentence: string, features: Features): boolean {
  if (/[?？]["'”’)\]]*$/.test(sentence) || /[:,]$/.test(sentence)) return false;
  if (features.words.length < 3 && features.key.length < 12) return false;
  if (features.stems.length < 2) return false;
  if (request.test(sentence)) return false;
  if (indirectQuestion.test(sentence) && features.values.length === 0) return false;
  if (reaction.test(sentence) && features.values.length === 0 && features.stems.length < 8) return false;
  return true;
}
