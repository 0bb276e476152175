namespace Locutor.Training.Speech;

/// <summary>
/// Creates sentences to be spoken from a subject, a verb, an object and a place in one language, as statements, questions or
/// exclamations. Only their sound matters. Training and evaluation have separate word lists.
/// </summary>
public static class SentenceGrammar
{
    private static readonly Dictionary<string, Words> Training = new()
    {
        ["en"] = new(
            "The old captain|My brother|A famous painter|Everybody here|The young teacher|Our neighbour Thomas|She|The woman with the " +
            "blue hat|Nobody|Your father|Bob|The mayor of Boston|Emma and Peter|A brave mouse|The weather man",
            "wants to buy|has forgotten|will probably bring|never liked|is looking for|must have seen|paints|should " +
            "move|keeps|dropped|always remembers|would love to have|whispers about|makes|opened",
            "five warm apples|the broken window|a very small boat|another cup of tea|the whole story|my favourite music|a map of the " +
            "moon|three good ideas|the wooden box|some fresh bread and butter|the purple umbrella|a piece of paper|all of it|the " +
            "evening news|a beautiful house",
            "before the summer|in the middle of the night|by the river|at home|on Wednesday morning|behind the big mountain|every " +
            "single day|without any problem|over there|after the show|for the first time|near the bridge",
            "and|but|because|so",
            "Good morning, how are you?|Well, I am not so sure.|Oh, that is wonderful!|Maybe. We will see.|Hello everyone, and " +
            "welcome.|Wait a moment, please.|Sum up: one, two, three, four, five.|Thank you very much."),
        ["de"] = new(
            "Der alte Mann|Meine Schwester|Ein junger Bäcker|Niemand|Die Nachbarin|Unser Hund|Herr Müller|Das Kind",
            "sucht|möchte|vergisst|findet|bemalt|öffnet|verkauft|bewundert",
            "einen grünen Apfel|die schöne Blume|das große Buch|fünf bunte Vögel|den warmen Mantel|eine Flasche Wasser|die ganze " +
            "Wahrheit|ein Stück Brot",
            "am Morgen|in der Stadt|hinter dem Haus|ohne Mühe|vor dem Winter|auf der Brücke", "und|aber|weil|denn",
            "Guten Tag, wie geht es Ihnen?|Ach, das ist ja wunderbar!|Moment bitte.|Eins, zwei, drei, vier, fünf."),
        ["es"] = new(
            "El viejo pescador|Mi hermana|Una mujer alegre|El vecino|Nadie|La profesora|Pablo|El perro pequeño",
            "busca|quiere comprar|olvida|pinta|abre|mueve|mira|prepara",
            "una manzana roja|el libro azul|cinco pájaros|la ventana rota|un poco de pan|toda la verdad|un mapa viejo|la mesa grande",
            "por la mañana|en la ciudad|cerca del río|sin problema|después de comer|en el mercado", "y|pero|porque|así que",
            "Buenos días, ¿cómo está usted?|¡Qué maravilla!|Un momento, por favor.|Uno, dos, tres, cuatro, cinco."),
        ["fr"] = new(
            "Le vieux boulanger|Ma sœur|Un jeune homme|Personne|La voisine|Notre professeur|Le petit chien|Sophie",
            "cherche|veut acheter|oublie|ouvre|peint|prépare|regarde|emporte",
            "une pomme verte|le beau livre|cinq oiseaux|la fenêtre ouverte|un morceau de pain|toute l'histoire|une boîte en bois|le " +
            "manteau bleu",
            "le matin|dans la ville|près du pont|sans problème|avant l'hiver|au milieu de la nuit", "et|mais|parce que|donc",
            "Bonjour, comment allez-vous?|Oh, c'est magnifique!|Un moment, s'il vous plaît.|Un, deux, trois, quatre, cinq."),
        ["it"] = new(
            "Il vecchio pescatore|Mia sorella|Una donna allegra|Nessuno|Il vicino|La maestra|Marco|Il gatto bianco",
            "cerca|vuole comprare|dimentica|dipinge|apre|prepara|guarda|porta",
            "una mela rossa|il libro nuovo|cinque uccelli|la finestra rotta|un pezzo di pane|tutta la storia|una mappa antica|la borsa " +
            "verde",
            "al mattino|in città|vicino al fiume|senza problemi|dopo pranzo|davanti alla casa", "e|ma|perché|quindi",
            "Buongiorno, come sta?|Che bella sorpresa!|Un momento, per favore.|Uno, due, tre, quattro, cinque."),
        ["pt"] = new(
            "O velho pescador|Minha irmã|Um homem feliz|Ninguém|A vizinha|O professor", "procura|quer comprar|esquece|abre|pinta|prepara",
            "uma maçã verde|o livro novo|cinco pássaros|a janela aberta|um pedaço de pão|toda a verdade",
            "de manhã|na cidade|perto do rio|sem problema|depois do almoço", "e|mas|porque|então",
            "Bom dia, como vai?|Que maravilha!|Um momento, por favor."),
        ["nl"] = new(
            "De oude bakker|Mijn zus|Een jonge vrouw|Niemand|De buurman|Onze hond", "zoekt|koopt|vergeet|opent|schildert|bewaart",
            "een groene appel|het mooie boek|vijf kleine vogels|het warme brood|de hele waarheid|een houten doos",
            "in de ochtend|achter het huis|bij de brug|zonder moeite|voor de winter", "en|maar|want|dus",
            "Goedemorgen, hoe gaat het?|Wat prachtig!|Een ogenblik, alstublieft."),
        ["sv"] = new(
            "Den gamle mannen|Min syster|En ung kvinna|Ingen|Grannen|Vår hund", "söker|köper|glömmer|öppnar|målar|bär",
            "ett grönt äpple|den vackra boken|fem små fåglar|ett varmt bröd|hela sanningen|en låda av trä",
            "på morgonen|bakom huset|vid bron|utan problem|före vintern", "och|men|eftersom|så",
            "God morgon, hur mår du?|Så underbart!|Ett ögonblick."),
        ["pl"] = new(
            "Stary piekarz|Moja siostra|Młody człowiek|Nikt|Nasz sąsiad|Mały pies", "szuka|kupuje|zapomina|otwiera|maluje|niesie",
            "zielone jabłko|piękną książkę|pięć ptaków|ciepły chleb|całą prawdę|drewniane pudełko",
            "rano|za domem|przy moście|bez problemu|przed zimą", "i|ale|bo|więc",
            "Dzień dobry, jak się masz?|To wspaniale!|Chwileczkę, proszę."),
        ["fi"] = new(
            "Vanha kalastaja|Minun siskoni|Nuori opettaja|Kukaan ei|Naapuri|Pieni koira", "etsii|ostaa|unohtaa|avaa|maalaa|kantaa",
            "vihreän omenan|kauniin kirjan|viisi lintua|lämpimän leivän|koko totuuden|puisen laatikon",
            "aamulla|talon takana|sillan luona|ennen talvea", "ja|mutta|koska|joten",
            "Hyvää huomenta, mitä kuuluu?|Hetkinen vain."),
    };

    private static readonly Dictionary<string, Words> Evaluation = new()
    {
        ["en"] = new(
            "The quiet farmer|A clever fox|Grandmother|The number seven train|Both of my cousins|William|An unknown visitor",
            "jumped across|cannot believe|has found|will build|put away|thinks of|used to visit",
            "the empty garden|a silver spoon|that marvellous movie|the bottom of the page|a huge pile of leaves|ripe tomatoes|the map " +
            "above the piano",
            "while it was raining|in early February|on a moving bus|from time to time|under the apple tree", "although|and then|while",
            "Excuse me, where is the museum?|I beg your pardon?|Happy birthday, my dear friend!|Six, seven, eight, nine, ten."),
        ["de"] = new(
            "Die kluge Eule|Mein Vetter|Frau Baumann|Der Besucher", "baut|braucht|beobachtet|versteht",
            "einen silbernen Löffel|den leeren Garten|reife Tomaten|die alte Mauer", "bei Regen|im Februar|unter dem Baum",
            "obwohl|und dann", "Entschuldigung, wo ist das Museum?|Sechs, sieben, acht."),
        ["es"] = new(
            "La abuela|Un zorro listo|Mi primo|El visitante", "encuentra|construye|necesita|comprende",
            "un tomate maduro|el jardín vacío|una cuchara de plata|el muro antiguo", "en febrero|bajo la lluvia|de vez en cuando",
            "aunque|y luego", "Perdón, ¿dónde está el museo?|Seis, siete, ocho."),
        ["fr"] = new(
            "Ma grand-mère|Un renard malin|Mon cousin|Le visiteur", "trouve|construit|imagine|comprend",
            "une tomate mûre|le jardin vide|une cuillère en argent|le vieux mur", "en février|sous la pluie|de temps en temps",
            "bien que|et puis", "Pardon, où est le musée?|Six, sept, huit."),
    };

    /// <summary>The languages of training sentences. The evaluation has English, German, Spanish and French.</summary>
    public static IReadOnlyCollection<string> Languages(bool evaluation) => (evaluation ? Evaluation : Training).Keys;

    /// <summary>Creates the text of one utterance of about 2 to 6 seconds.</summary>
    public static string Next(Random random, string language, bool evaluation)
    {
        var words = (evaluation ? Evaluation : Training)[language];
        return random.NextDouble() switch
        {
            < 0.12 => Words.Pick(random, words.Phrases),
            < 0.45 => $"{words.Clause(random)} {Words.Pick(random, words.Places)}{End(random)}",
            < 0.70 => $"{words.Clause(random)}, {Words.Pick(random, words.Joints)} {words.Clause(random).ToLowerInvariant()}{End(random)}",
            < 0.85 => $"{words.Clause(random)}{End(random)} {words.Clause(random)} {Words.Pick(random, words.Places)}.",
            _ => $"{Words.Pick(random, words.Phrases)} {words.Clause(random)}{End(random)}",
        };
    }

    private static string End(Random random) => random.Next(6) switch { 0 => "?", 1 => "!", _ => "." };

    private sealed record Words(string Subjects, string Verbs, string Objects, string Places, string Joints, string Phrases)
    {
        public string Clause(Random random) => $"{Pick(random, Subjects)} {Pick(random, Verbs)} {Pick(random, Objects)}";

        public static string Pick(Random random, string choices)
        {
            string[] all = choices.Split('|');
            return all[random.Next(all.Length)];
        }
    }
}
