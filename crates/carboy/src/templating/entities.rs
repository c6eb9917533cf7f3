//! HTML character references: Python's `html.unescape` with its table of named references (the HTML standard's).

/// Named references without the `&`, sorted by bytes; those without `;` are the ones browsers accept without it.
#[rustfmt::skip]
static NAMED: &[(&str, &str)] = &[
    ("AElig", "Æ"), ("AElig;", "Æ"), ("AMP", "&"), ("AMP;", "&"), ("Aacute", "Á"), ("Aacute;", "Á"), ("Abreve;", "Ă"),
    ("Acirc", "Â"), ("Acirc;", "Â"), ("Acy;", "А"), ("Afr;", "\u{1d504}"), ("Agrave", "À"), ("Agrave;", "À"),
    ("Alpha;", "Α"), ("Amacr;", "Ā"), ("And;", "⩓"), ("Aogon;", "Ą"), ("Aopf;", "\u{1d538}"),
    ("ApplyFunction;", "\u{2061}"), ("Aring", "Å"), ("Aring;", "Å"), ("Ascr;", "\u{1d49c}"), ("Assign;", "≔"),
    ("Atilde", "Ã"), ("Atilde;", "Ã"), ("Auml", "Ä"), ("Auml;", "Ä"), ("Backslash;", "∖"), ("Barv;", "⫧"),
    ("Barwed;", "⌆"), ("Bcy;", "Б"), ("Because;", "∵"), ("Bernoullis;", "ℬ"), ("Beta;", "Β"), ("Bfr;", "\u{1d505}"),
    ("Bopf;", "\u{1d539}"), ("Breve;", "˘"), ("Bscr;", "ℬ"), ("Bumpeq;", "≎"), ("CHcy;", "Ч"), ("COPY", "©"),
    ("COPY;", "©"), ("Cacute;", "Ć"), ("Cap;", "⋒"), ("CapitalDifferentialD;", "ⅅ"), ("Cayleys;", "ℭ"),
    ("Ccaron;", "Č"), ("Ccedil", "Ç"), ("Ccedil;", "Ç"), ("Ccirc;", "Ĉ"), ("Cconint;", "∰"), ("Cdot;", "Ċ"),
    ("Cedilla;", "¸"), ("CenterDot;", "·"), ("Cfr;", "ℭ"), ("Chi;", "Χ"), ("CircleDot;", "⊙"), ("CircleMinus;", "⊖"),
    ("CirclePlus;", "⊕"), ("CircleTimes;", "⊗"), ("ClockwiseContourIntegral;", "∲"),
    ("CloseCurlyDoubleQuote;", "\u{201d}"), ("CloseCurlyQuote;", "\u{2019}"), ("Colon;", "∷"), ("Colone;", "⩴"),
    ("Congruent;", "≡"), ("Conint;", "∯"), ("ContourIntegral;", "∮"), ("Copf;", "ℂ"), ("Coproduct;", "∐"),
    ("CounterClockwiseContourIntegral;", "∳"), ("Cross;", "⨯"), ("Cscr;", "\u{1d49e}"), ("Cup;", "⋓"),
    ("CupCap;", "≍"), ("DD;", "ⅅ"), ("DDotrahd;", "⤑"), ("DJcy;", "Ђ"), ("DScy;", "Ѕ"), ("DZcy;", "Џ"),
    ("Dagger;", "\u{2021}"), ("Darr;", "↡"), ("Dashv;", "⫤"), ("Dcaron;", "Ď"), ("Dcy;", "Д"), ("Del;", "∇"),
    ("Delta;", "Δ"), ("Dfr;", "\u{1d507}"), ("DiacriticalAcute;", "´"), ("DiacriticalDot;", "˙"),
    ("DiacriticalDoubleAcute;", "˝"), ("DiacriticalGrave;", "`"), ("DiacriticalTilde;", "˜"), ("Diamond;", "⋄"),
    ("DifferentialD;", "ⅆ"), ("Dopf;", "\u{1d53b}"), ("Dot;", "¨"), ("DotDot;", "⃜"), ("DotEqual;", "≐"),
    ("DoubleContourIntegral;", "∯"), ("DoubleDot;", "¨"), ("DoubleDownArrow;", "⇓"), ("DoubleLeftArrow;", "⇐"),
    ("DoubleLeftRightArrow;", "⇔"), ("DoubleLeftTee;", "⫤"), ("DoubleLongLeftArrow;", "⟸"),
    ("DoubleLongLeftRightArrow;", "⟺"), ("DoubleLongRightArrow;", "⟹"), ("DoubleRightArrow;", "⇒"),
    ("DoubleRightTee;", "⊨"), ("DoubleUpArrow;", "⇑"), ("DoubleUpDownArrow;", "⇕"), ("DoubleVerticalBar;", "∥"),
    ("DownArrow;", "↓"), ("DownArrowBar;", "⤓"), ("DownArrowUpArrow;", "⇵"), ("DownBreve;", "̑"),
    ("DownLeftRightVector;", "⥐"), ("DownLeftTeeVector;", "⥞"), ("DownLeftVector;", "↽"), ("DownLeftVectorBar;", "⥖"),
    ("DownRightTeeVector;", "⥟"), ("DownRightVector;", "⇁"), ("DownRightVectorBar;", "⥗"), ("DownTee;", "⊤"),
    ("DownTeeArrow;", "↧"), ("Downarrow;", "⇓"), ("Dscr;", "\u{1d49f}"), ("Dstrok;", "Đ"), ("ENG;", "Ŋ"),
    ("ETH", "Ð"), ("ETH;", "Ð"), ("Eacute", "É"), ("Eacute;", "É"), ("Ecaron;", "Ě"), ("Ecirc", "Ê"), ("Ecirc;", "Ê"),
    ("Ecy;", "Э"), ("Edot;", "Ė"), ("Efr;", "\u{1d508}"), ("Egrave", "È"), ("Egrave;", "È"), ("Element;", "∈"),
    ("Emacr;", "Ē"), ("EmptySmallSquare;", "◻"), ("EmptyVerySmallSquare;", "▫"), ("Eogon;", "Ę"),
    ("Eopf;", "\u{1d53c}"), ("Epsilon;", "Ε"), ("Equal;", "⩵"), ("EqualTilde;", "≂"), ("Equilibrium;", "⇌"),
    ("Escr;", "ℰ"), ("Esim;", "⩳"), ("Eta;", "Η"), ("Euml", "Ë"), ("Euml;", "Ë"), ("Exists;", "∃"),
    ("ExponentialE;", "ⅇ"), ("Fcy;", "Ф"), ("Ffr;", "\u{1d509}"), ("FilledSmallSquare;", "◼"),
    ("FilledVerySmallSquare;", "▪"), ("Fopf;", "\u{1d53d}"), ("ForAll;", "∀"), ("Fouriertrf;", "ℱ"), ("Fscr;", "ℱ"),
    ("GJcy;", "Ѓ"), ("GT", ">"), ("GT;", ">"), ("Gamma;", "Γ"), ("Gammad;", "Ϝ"), ("Gbreve;", "Ğ"), ("Gcedil;", "Ģ"),
    ("Gcirc;", "Ĝ"), ("Gcy;", "Г"), ("Gdot;", "Ġ"), ("Gfr;", "\u{1d50a}"), ("Gg;", "⋙"), ("Gopf;", "\u{1d53e}"),
    ("GreaterEqual;", "≥"), ("GreaterEqualLess;", "⋛"), ("GreaterFullEqual;", "≧"), ("GreaterGreater;", "⪢"),
    ("GreaterLess;", "≷"), ("GreaterSlantEqual;", "⩾"), ("GreaterTilde;", "≳"), ("Gscr;", "\u{1d4a2}"), ("Gt;", "≫"),
    ("HARDcy;", "Ъ"), ("Hacek;", "ˇ"), ("Hat;", "^"), ("Hcirc;", "Ĥ"), ("Hfr;", "ℌ"), ("HilbertSpace;", "ℋ"),
    ("Hopf;", "ℍ"), ("HorizontalLine;", "─"), ("Hscr;", "ℋ"), ("Hstrok;", "Ħ"), ("HumpDownHump;", "≎"),
    ("HumpEqual;", "≏"), ("IEcy;", "Е"), ("IJlig;", "Ĳ"), ("IOcy;", "Ё"), ("Iacute", "Í"), ("Iacute;", "Í"),
    ("Icirc", "Î"), ("Icirc;", "Î"), ("Icy;", "И"), ("Idot;", "İ"), ("Ifr;", "ℑ"), ("Igrave", "Ì"), ("Igrave;", "Ì"),
    ("Im;", "ℑ"), ("Imacr;", "Ī"), ("ImaginaryI;", "ⅈ"), ("Implies;", "⇒"), ("Int;", "∬"), ("Integral;", "∫"),
    ("Intersection;", "⋂"), ("InvisibleComma;", "\u{2063}"), ("InvisibleTimes;", "\u{2062}"), ("Iogon;", "Į"),
    ("Iopf;", "\u{1d540}"), ("Iota;", "Ι"), ("Iscr;", "ℐ"), ("Itilde;", "Ĩ"), ("Iukcy;", "І"), ("Iuml", "Ï"),
    ("Iuml;", "Ï"), ("Jcirc;", "Ĵ"), ("Jcy;", "Й"), ("Jfr;", "\u{1d50d}"), ("Jopf;", "\u{1d541}"),
    ("Jscr;", "\u{1d4a5}"), ("Jsercy;", "Ј"), ("Jukcy;", "Є"), ("KHcy;", "Х"), ("KJcy;", "Ќ"), ("Kappa;", "Κ"),
    ("Kcedil;", "Ķ"), ("Kcy;", "К"), ("Kfr;", "\u{1d50e}"), ("Kopf;", "\u{1d542}"), ("Kscr;", "\u{1d4a6}"),
    ("LJcy;", "Љ"), ("LT", "<"), ("LT;", "<"), ("Lacute;", "Ĺ"), ("Lambda;", "Λ"), ("Lang;", "⟪"),
    ("Laplacetrf;", "ℒ"), ("Larr;", "↞"), ("Lcaron;", "Ľ"), ("Lcedil;", "Ļ"), ("Lcy;", "Л"),
    ("LeftAngleBracket;", "⟨"), ("LeftArrow;", "←"), ("LeftArrowBar;", "⇤"), ("LeftArrowRightArrow;", "⇆"),
    ("LeftCeiling;", "⌈"), ("LeftDoubleBracket;", "⟦"), ("LeftDownTeeVector;", "⥡"), ("LeftDownVector;", "⇃"),
    ("LeftDownVectorBar;", "⥙"), ("LeftFloor;", "⌊"), ("LeftRightArrow;", "↔"), ("LeftRightVector;", "⥎"),
    ("LeftTee;", "⊣"), ("LeftTeeArrow;", "↤"), ("LeftTeeVector;", "⥚"), ("LeftTriangle;", "⊲"),
    ("LeftTriangleBar;", "⧏"), ("LeftTriangleEqual;", "⊴"), ("LeftUpDownVector;", "⥑"), ("LeftUpTeeVector;", "⥠"),
    ("LeftUpVector;", "↿"), ("LeftUpVectorBar;", "⥘"), ("LeftVector;", "↼"), ("LeftVectorBar;", "⥒"),
    ("Leftarrow;", "⇐"), ("Leftrightarrow;", "⇔"), ("LessEqualGreater;", "⋚"), ("LessFullEqual;", "≦"),
    ("LessGreater;", "≶"), ("LessLess;", "⪡"), ("LessSlantEqual;", "⩽"), ("LessTilde;", "≲"), ("Lfr;", "\u{1d50f}"),
    ("Ll;", "⋘"), ("Lleftarrow;", "⇚"), ("Lmidot;", "Ŀ"), ("LongLeftArrow;", "⟵"), ("LongLeftRightArrow;", "⟷"),
    ("LongRightArrow;", "⟶"), ("Longleftarrow;", "⟸"), ("Longleftrightarrow;", "⟺"), ("Longrightarrow;", "⟹"),
    ("Lopf;", "\u{1d543}"), ("LowerLeftArrow;", "↙"), ("LowerRightArrow;", "↘"), ("Lscr;", "ℒ"), ("Lsh;", "↰"),
    ("Lstrok;", "Ł"), ("Lt;", "≪"), ("Map;", "⤅"), ("Mcy;", "М"), ("MediumSpace;", "\u{205f}"), ("Mellintrf;", "ℳ"),
    ("Mfr;", "\u{1d510}"), ("MinusPlus;", "∓"), ("Mopf;", "\u{1d544}"), ("Mscr;", "ℳ"), ("Mu;", "Μ"), ("NJcy;", "Њ"),
    ("Nacute;", "Ń"), ("Ncaron;", "Ň"), ("Ncedil;", "Ņ"), ("Ncy;", "Н"), ("NegativeMediumSpace;", "\u{200b}"),
    ("NegativeThickSpace;", "\u{200b}"), ("NegativeThinSpace;", "\u{200b}"), ("NegativeVeryThinSpace;", "\u{200b}"),
    ("NestedGreaterGreater;", "≫"), ("NestedLessLess;", "≪"), ("NewLine;", "\u{a}"), ("Nfr;", "\u{1d511}"),
    ("NoBreak;", "\u{2060}"), ("NonBreakingSpace;", "\u{a0}"), ("Nopf;", "ℕ"), ("Not;", "⫬"), ("NotCongruent;", "≢"),
    ("NotCupCap;", "≭"), ("NotDoubleVerticalBar;", "∦"), ("NotElement;", "∉"), ("NotEqual;", "≠"),
    ("NotEqualTilde;", "≂̸"), ("NotExists;", "∄"), ("NotGreater;", "≯"), ("NotGreaterEqual;", "≱"),
    ("NotGreaterFullEqual;", "≧̸"), ("NotGreaterGreater;", "≫̸"), ("NotGreaterLess;", "≹"),
    ("NotGreaterSlantEqual;", "⩾̸"), ("NotGreaterTilde;", "≵"), ("NotHumpDownHump;", "≎̸"), ("NotHumpEqual;", "≏̸"),
    ("NotLeftTriangle;", "⋪"), ("NotLeftTriangleBar;", "⧏̸"), ("NotLeftTriangleEqual;", "⋬"), ("NotLess;", "≮"),
    ("NotLessEqual;", "≰"), ("NotLessGreater;", "≸"), ("NotLessLess;", "≪̸"), ("NotLessSlantEqual;", "⩽̸"),
    ("NotLessTilde;", "≴"), ("NotNestedGreaterGreater;", "⪢̸"), ("NotNestedLessLess;", "⪡̸"), ("NotPrecedes;", "⊀"),
    ("NotPrecedesEqual;", "⪯̸"), ("NotPrecedesSlantEqual;", "⋠"), ("NotReverseElement;", "∌"),
    ("NotRightTriangle;", "⋫"), ("NotRightTriangleBar;", "⧐̸"), ("NotRightTriangleEqual;", "⋭"),
    ("NotSquareSubset;", "⊏̸"), ("NotSquareSubsetEqual;", "⋢"), ("NotSquareSuperset;", "⊐̸"),
    ("NotSquareSupersetEqual;", "⋣"), ("NotSubset;", "⊂⃒"), ("NotSubsetEqual;", "⊈"), ("NotSucceeds;", "⊁"),
    ("NotSucceedsEqual;", "⪰̸"), ("NotSucceedsSlantEqual;", "⋡"), ("NotSucceedsTilde;", "≿̸"), ("NotSuperset;", "⊃⃒"),
    ("NotSupersetEqual;", "⊉"), ("NotTilde;", "≁"), ("NotTildeEqual;", "≄"), ("NotTildeFullEqual;", "≇"),
    ("NotTildeTilde;", "≉"), ("NotVerticalBar;", "∤"), ("Nscr;", "\u{1d4a9}"), ("Ntilde", "Ñ"), ("Ntilde;", "Ñ"),
    ("Nu;", "Ν"), ("OElig;", "Œ"), ("Oacute", "Ó"), ("Oacute;", "Ó"), ("Ocirc", "Ô"), ("Ocirc;", "Ô"), ("Ocy;", "О"),
    ("Odblac;", "Ő"), ("Ofr;", "\u{1d512}"), ("Ograve", "Ò"), ("Ograve;", "Ò"), ("Omacr;", "Ō"), ("Omega;", "Ω"),
    ("Omicron;", "Ο"), ("Oopf;", "\u{1d546}"), ("OpenCurlyDoubleQuote;", "\u{201c}"), ("OpenCurlyQuote;", "\u{2018}"),
    ("Or;", "⩔"), ("Oscr;", "\u{1d4aa}"), ("Oslash", "Ø"), ("Oslash;", "Ø"), ("Otilde", "Õ"), ("Otilde;", "Õ"),
    ("Otimes;", "⨷"), ("Ouml", "Ö"), ("Ouml;", "Ö"), ("OverBar;", "\u{203e}"), ("OverBrace;", "⏞"),
    ("OverBracket;", "⎴"), ("OverParenthesis;", "⏜"), ("PartialD;", "∂"), ("Pcy;", "П"), ("Pfr;", "\u{1d513}"),
    ("Phi;", "Φ"), ("Pi;", "Π"), ("PlusMinus;", "±"), ("Poincareplane;", "ℌ"), ("Popf;", "ℙ"), ("Pr;", "⪻"),
    ("Precedes;", "≺"), ("PrecedesEqual;", "⪯"), ("PrecedesSlantEqual;", "≼"), ("PrecedesTilde;", "≾"),
    ("Prime;", "\u{2033}"), ("Product;", "∏"), ("Proportion;", "∷"), ("Proportional;", "∝"), ("Pscr;", "\u{1d4ab}"),
    ("Psi;", "Ψ"), ("QUOT", "\u{22}"), ("QUOT;", "\u{22}"), ("Qfr;", "\u{1d514}"), ("Qopf;", "ℚ"),
    ("Qscr;", "\u{1d4ac}"), ("RBarr;", "⤐"), ("REG", "®"), ("REG;", "®"), ("Racute;", "Ŕ"), ("Rang;", "⟫"),
    ("Rarr;", "↠"), ("Rarrtl;", "⤖"), ("Rcaron;", "Ř"), ("Rcedil;", "Ŗ"), ("Rcy;", "Р"), ("Re;", "ℜ"),
    ("ReverseElement;", "∋"), ("ReverseEquilibrium;", "⇋"), ("ReverseUpEquilibrium;", "⥯"), ("Rfr;", "ℜ"),
    ("Rho;", "Ρ"), ("RightAngleBracket;", "⟩"), ("RightArrow;", "→"), ("RightArrowBar;", "⇥"),
    ("RightArrowLeftArrow;", "⇄"), ("RightCeiling;", "⌉"), ("RightDoubleBracket;", "⟧"), ("RightDownTeeVector;", "⥝"),
    ("RightDownVector;", "⇂"), ("RightDownVectorBar;", "⥕"), ("RightFloor;", "⌋"), ("RightTee;", "⊢"),
    ("RightTeeArrow;", "↦"), ("RightTeeVector;", "⥛"), ("RightTriangle;", "⊳"), ("RightTriangleBar;", "⧐"),
    ("RightTriangleEqual;", "⊵"), ("RightUpDownVector;", "⥏"), ("RightUpTeeVector;", "⥜"), ("RightUpVector;", "↾"),
    ("RightUpVectorBar;", "⥔"), ("RightVector;", "⇀"), ("RightVectorBar;", "⥓"), ("Rightarrow;", "⇒"), ("Ropf;", "ℝ"),
    ("RoundImplies;", "⥰"), ("Rrightarrow;", "⇛"), ("Rscr;", "ℛ"), ("Rsh;", "↱"), ("RuleDelayed;", "⧴"),
    ("SHCHcy;", "Щ"), ("SHcy;", "Ш"), ("SOFTcy;", "Ь"), ("Sacute;", "Ś"), ("Sc;", "⪼"), ("Scaron;", "Š"),
    ("Scedil;", "Ş"), ("Scirc;", "Ŝ"), ("Scy;", "С"), ("Sfr;", "\u{1d516}"), ("ShortDownArrow;", "↓"),
    ("ShortLeftArrow;", "←"), ("ShortRightArrow;", "→"), ("ShortUpArrow;", "↑"), ("Sigma;", "Σ"),
    ("SmallCircle;", "∘"), ("Sopf;", "\u{1d54a}"), ("Sqrt;", "√"), ("Square;", "□"), ("SquareIntersection;", "⊓"),
    ("SquareSubset;", "⊏"), ("SquareSubsetEqual;", "⊑"), ("SquareSuperset;", "⊐"), ("SquareSupersetEqual;", "⊒"),
    ("SquareUnion;", "⊔"), ("Sscr;", "\u{1d4ae}"), ("Star;", "⋆"), ("Sub;", "⋐"), ("Subset;", "⋐"),
    ("SubsetEqual;", "⊆"), ("Succeeds;", "≻"), ("SucceedsEqual;", "⪰"), ("SucceedsSlantEqual;", "≽"),
    ("SucceedsTilde;", "≿"), ("SuchThat;", "∋"), ("Sum;", "∑"), ("Sup;", "⋑"), ("Superset;", "⊃"),
    ("SupersetEqual;", "⊇"), ("Supset;", "⋑"), ("THORN", "Þ"), ("THORN;", "Þ"), ("TRADE;", "™"), ("TSHcy;", "Ћ"),
    ("TScy;", "Ц"), ("Tab;", "\u{9}"), ("Tau;", "Τ"), ("Tcaron;", "Ť"), ("Tcedil;", "Ţ"), ("Tcy;", "Т"),
    ("Tfr;", "\u{1d517}"), ("Therefore;", "∴"), ("Theta;", "Θ"), ("ThickSpace;", "\u{205f}\u{200a}"),
    ("ThinSpace;", "\u{2009}"), ("Tilde;", "∼"), ("TildeEqual;", "≃"), ("TildeFullEqual;", "≅"), ("TildeTilde;", "≈"),
    ("Topf;", "\u{1d54b}"), ("TripleDot;", "⃛"), ("Tscr;", "\u{1d4af}"), ("Tstrok;", "Ŧ"), ("Uacute", "Ú"),
    ("Uacute;", "Ú"), ("Uarr;", "↟"), ("Uarrocir;", "⥉"), ("Ubrcy;", "Ў"), ("Ubreve;", "Ŭ"), ("Ucirc", "Û"),
    ("Ucirc;", "Û"), ("Ucy;", "У"), ("Udblac;", "Ű"), ("Ufr;", "\u{1d518}"), ("Ugrave", "Ù"), ("Ugrave;", "Ù"),
    ("Umacr;", "Ū"), ("UnderBar;", "_"), ("UnderBrace;", "⏟"), ("UnderBracket;", "⎵"), ("UnderParenthesis;", "⏝"),
    ("Union;", "⋃"), ("UnionPlus;", "⊎"), ("Uogon;", "Ų"), ("Uopf;", "\u{1d54c}"), ("UpArrow;", "↑"),
    ("UpArrowBar;", "⤒"), ("UpArrowDownArrow;", "⇅"), ("UpDownArrow;", "↕"), ("UpEquilibrium;", "⥮"), ("UpTee;", "⊥"),
    ("UpTeeArrow;", "↥"), ("Uparrow;", "⇑"), ("Updownarrow;", "⇕"), ("UpperLeftArrow;", "↖"),
    ("UpperRightArrow;", "↗"), ("Upsi;", "ϒ"), ("Upsilon;", "Υ"), ("Uring;", "Ů"), ("Uscr;", "\u{1d4b0}"),
    ("Utilde;", "Ũ"), ("Uuml", "Ü"), ("Uuml;", "Ü"), ("VDash;", "⊫"), ("Vbar;", "⫫"), ("Vcy;", "В"), ("Vdash;", "⊩"),
    ("Vdashl;", "⫦"), ("Vee;", "⋁"), ("Verbar;", "\u{2016}"), ("Vert;", "\u{2016}"), ("VerticalBar;", "∣"),
    ("VerticalLine;", "|"), ("VerticalSeparator;", "❘"), ("VerticalTilde;", "≀"), ("VeryThinSpace;", "\u{200a}"),
    ("Vfr;", "\u{1d519}"), ("Vopf;", "\u{1d54d}"), ("Vscr;", "\u{1d4b1}"), ("Vvdash;", "⊪"), ("Wcirc;", "Ŵ"),
    ("Wedge;", "⋀"), ("Wfr;", "\u{1d51a}"), ("Wopf;", "\u{1d54e}"), ("Wscr;", "\u{1d4b2}"), ("Xfr;", "\u{1d51b}"),
    ("Xi;", "Ξ"), ("Xopf;", "\u{1d54f}"), ("Xscr;", "\u{1d4b3}"), ("YAcy;", "Я"), ("YIcy;", "Ї"), ("YUcy;", "Ю"),
    ("Yacute", "Ý"), ("Yacute;", "Ý"), ("Ycirc;", "Ŷ"), ("Ycy;", "Ы"), ("Yfr;", "\u{1d51c}"), ("Yopf;", "\u{1d550}"),
    ("Yscr;", "\u{1d4b4}"), ("Yuml;", "Ÿ"), ("ZHcy;", "Ж"), ("Zacute;", "Ź"), ("Zcaron;", "Ž"), ("Zcy;", "З"),
    ("Zdot;", "Ż"), ("ZeroWidthSpace;", "\u{200b}"), ("Zeta;", "Ζ"), ("Zfr;", "ℨ"), ("Zopf;", "ℤ"),
    ("Zscr;", "\u{1d4b5}"), ("aacute", "á"), ("aacute;", "á"), ("abreve;", "ă"), ("ac;", "∾"), ("acE;", "∾̳"),
    ("acd;", "∿"), ("acirc", "â"), ("acirc;", "â"), ("acute", "´"), ("acute;", "´"), ("acy;", "а"), ("aelig", "æ"),
    ("aelig;", "æ"), ("af;", "\u{2061}"), ("afr;", "\u{1d51e}"), ("agrave", "à"), ("agrave;", "à"), ("alefsym;", "ℵ"),
    ("aleph;", "ℵ"), ("alpha;", "α"), ("amacr;", "ā"), ("amalg;", "⨿"), ("amp", "&"), ("amp;", "&"), ("and;", "∧"),
    ("andand;", "⩕"), ("andd;", "⩜"), ("andslope;", "⩘"), ("andv;", "⩚"), ("ang;", "∠"), ("ange;", "⦤"),
    ("angle;", "∠"), ("angmsd;", "∡"), ("angmsdaa;", "⦨"), ("angmsdab;", "⦩"), ("angmsdac;", "⦪"), ("angmsdad;", "⦫"),
    ("angmsdae;", "⦬"), ("angmsdaf;", "⦭"), ("angmsdag;", "⦮"), ("angmsdah;", "⦯"), ("angrt;", "∟"),
    ("angrtvb;", "⊾"), ("angrtvbd;", "⦝"), ("angsph;", "∢"), ("angst;", "Å"), ("angzarr;", "⍼"), ("aogon;", "ą"),
    ("aopf;", "\u{1d552}"), ("ap;", "≈"), ("apE;", "⩰"), ("apacir;", "⩯"), ("ape;", "≊"), ("apid;", "≋"),
    ("apos;", "'"), ("approx;", "≈"), ("approxeq;", "≊"), ("aring", "å"), ("aring;", "å"), ("ascr;", "\u{1d4b6}"),
    ("ast;", "*"), ("asymp;", "≈"), ("asympeq;", "≍"), ("atilde", "ã"), ("atilde;", "ã"), ("auml", "ä"),
    ("auml;", "ä"), ("awconint;", "∳"), ("awint;", "⨑"), ("bNot;", "⫭"), ("backcong;", "≌"), ("backepsilon;", "϶"),
    ("backprime;", "\u{2035}"), ("backsim;", "∽"), ("backsimeq;", "⋍"), ("barvee;", "⊽"), ("barwed;", "⌅"),
    ("barwedge;", "⌅"), ("bbrk;", "⎵"), ("bbrktbrk;", "⎶"), ("bcong;", "≌"), ("bcy;", "б"), ("bdquo;", "\u{201e}"),
    ("becaus;", "∵"), ("because;", "∵"), ("bemptyv;", "⦰"), ("bepsi;", "϶"), ("bernou;", "ℬ"), ("beta;", "β"),
    ("beth;", "ℶ"), ("between;", "≬"), ("bfr;", "\u{1d51f}"), ("bigcap;", "⋂"), ("bigcirc;", "◯"), ("bigcup;", "⋃"),
    ("bigodot;", "⨀"), ("bigoplus;", "⨁"), ("bigotimes;", "⨂"), ("bigsqcup;", "⨆"), ("bigstar;", "★"),
    ("bigtriangledown;", "▽"), ("bigtriangleup;", "△"), ("biguplus;", "⨄"), ("bigvee;", "⋁"), ("bigwedge;", "⋀"),
    ("bkarow;", "⤍"), ("blacklozenge;", "⧫"), ("blacksquare;", "▪"), ("blacktriangle;", "▴"),
    ("blacktriangledown;", "▾"), ("blacktriangleleft;", "◂"), ("blacktriangleright;", "▸"), ("blank;", "␣"),
    ("blk12;", "▒"), ("blk14;", "░"), ("blk34;", "▓"), ("block;", "█"), ("bne;", "=⃥"), ("bnequiv;", "≡⃥"),
    ("bnot;", "⌐"), ("bopf;", "\u{1d553}"), ("bot;", "⊥"), ("bottom;", "⊥"), ("bowtie;", "⋈"), ("boxDL;", "╗"),
    ("boxDR;", "╔"), ("boxDl;", "╖"), ("boxDr;", "╓"), ("boxH;", "═"), ("boxHD;", "╦"), ("boxHU;", "╩"),
    ("boxHd;", "╤"), ("boxHu;", "╧"), ("boxUL;", "╝"), ("boxUR;", "╚"), ("boxUl;", "╜"), ("boxUr;", "╙"),
    ("boxV;", "║"), ("boxVH;", "╬"), ("boxVL;", "╣"), ("boxVR;", "╠"), ("boxVh;", "╫"), ("boxVl;", "╢"),
    ("boxVr;", "╟"), ("boxbox;", "⧉"), ("boxdL;", "╕"), ("boxdR;", "╒"), ("boxdl;", "┐"), ("boxdr;", "┌"),
    ("boxh;", "─"), ("boxhD;", "╥"), ("boxhU;", "╨"), ("boxhd;", "┬"), ("boxhu;", "┴"), ("boxminus;", "⊟"),
    ("boxplus;", "⊞"), ("boxtimes;", "⊠"), ("boxuL;", "╛"), ("boxuR;", "╘"), ("boxul;", "┘"), ("boxur;", "└"),
    ("boxv;", "│"), ("boxvH;", "╪"), ("boxvL;", "╡"), ("boxvR;", "╞"), ("boxvh;", "┼"), ("boxvl;", "┤"),
    ("boxvr;", "├"), ("bprime;", "\u{2035}"), ("breve;", "˘"), ("brvbar", "¦"), ("brvbar;", "¦"),
    ("bscr;", "\u{1d4b7}"), ("bsemi;", "\u{204f}"), ("bsim;", "∽"), ("bsime;", "⋍"), ("bsol;", "\u{5c}"),
    ("bsolb;", "⧅"), ("bsolhsub;", "⟈"), ("bull;", "\u{2022}"), ("bullet;", "\u{2022}"), ("bump;", "≎"),
    ("bumpE;", "⪮"), ("bumpe;", "≏"), ("bumpeq;", "≏"), ("cacute;", "ć"), ("cap;", "∩"), ("capand;", "⩄"),
    ("capbrcup;", "⩉"), ("capcap;", "⩋"), ("capcup;", "⩇"), ("capdot;", "⩀"), ("caps;", "∩\u{fe00}"),
    ("caret;", "\u{2041}"), ("caron;", "ˇ"), ("ccaps;", "⩍"), ("ccaron;", "č"), ("ccedil", "ç"), ("ccedil;", "ç"),
    ("ccirc;", "ĉ"), ("ccups;", "⩌"), ("ccupssm;", "⩐"), ("cdot;", "ċ"), ("cedil", "¸"), ("cedil;", "¸"),
    ("cemptyv;", "⦲"), ("cent", "¢"), ("cent;", "¢"), ("centerdot;", "·"), ("cfr;", "\u{1d520}"), ("chcy;", "ч"),
    ("check;", "✓"), ("checkmark;", "✓"), ("chi;", "χ"), ("cir;", "○"), ("cirE;", "⧃"), ("circ;", "ˆ"),
    ("circeq;", "≗"), ("circlearrowleft;", "↺"), ("circlearrowright;", "↻"), ("circledR;", "®"), ("circledS;", "Ⓢ"),
    ("circledast;", "⊛"), ("circledcirc;", "⊚"), ("circleddash;", "⊝"), ("cire;", "≗"), ("cirfnint;", "⨐"),
    ("cirmid;", "⫯"), ("cirscir;", "⧂"), ("clubs;", "♣"), ("clubsuit;", "♣"), ("colon;", ":"), ("colone;", "≔"),
    ("coloneq;", "≔"), ("comma;", ","), ("commat;", "@"), ("comp;", "∁"), ("compfn;", "∘"), ("complement;", "∁"),
    ("complexes;", "ℂ"), ("cong;", "≅"), ("congdot;", "⩭"), ("conint;", "∮"), ("copf;", "\u{1d554}"),
    ("coprod;", "∐"), ("copy", "©"), ("copy;", "©"), ("copysr;", "℗"), ("crarr;", "↵"), ("cross;", "✗"),
    ("cscr;", "\u{1d4b8}"), ("csub;", "⫏"), ("csube;", "⫑"), ("csup;", "⫐"), ("csupe;", "⫒"), ("ctdot;", "⋯"),
    ("cudarrl;", "⤸"), ("cudarrr;", "⤵"), ("cuepr;", "⋞"), ("cuesc;", "⋟"), ("cularr;", "↶"), ("cularrp;", "⤽"),
    ("cup;", "∪"), ("cupbrcap;", "⩈"), ("cupcap;", "⩆"), ("cupcup;", "⩊"), ("cupdot;", "⊍"), ("cupor;", "⩅"),
    ("cups;", "∪\u{fe00}"), ("curarr;", "↷"), ("curarrm;", "⤼"), ("curlyeqprec;", "⋞"), ("curlyeqsucc;", "⋟"),
    ("curlyvee;", "⋎"), ("curlywedge;", "⋏"), ("curren", "¤"), ("curren;", "¤"), ("curvearrowleft;", "↶"),
    ("curvearrowright;", "↷"), ("cuvee;", "⋎"), ("cuwed;", "⋏"), ("cwconint;", "∲"), ("cwint;", "∱"),
    ("cylcty;", "⌭"), ("dArr;", "⇓"), ("dHar;", "⥥"), ("dagger;", "\u{2020}"), ("daleth;", "ℸ"), ("darr;", "↓"),
    ("dash;", "\u{2010}"), ("dashv;", "⊣"), ("dbkarow;", "⤏"), ("dblac;", "˝"), ("dcaron;", "ď"), ("dcy;", "д"),
    ("dd;", "ⅆ"), ("ddagger;", "\u{2021}"), ("ddarr;", "⇊"), ("ddotseq;", "⩷"), ("deg", "°"), ("deg;", "°"),
    ("delta;", "δ"), ("demptyv;", "⦱"), ("dfisht;", "⥿"), ("dfr;", "\u{1d521}"), ("dharl;", "⇃"), ("dharr;", "⇂"),
    ("diam;", "⋄"), ("diamond;", "⋄"), ("diamondsuit;", "♦"), ("diams;", "♦"), ("die;", "¨"), ("digamma;", "ϝ"),
    ("disin;", "⋲"), ("div;", "÷"), ("divide", "÷"), ("divide;", "÷"), ("divideontimes;", "⋇"), ("divonx;", "⋇"),
    ("djcy;", "ђ"), ("dlcorn;", "⌞"), ("dlcrop;", "⌍"), ("dollar;", "$"), ("dopf;", "\u{1d555}"), ("dot;", "˙"),
    ("doteq;", "≐"), ("doteqdot;", "≑"), ("dotminus;", "∸"), ("dotplus;", "∔"), ("dotsquare;", "⊡"),
    ("doublebarwedge;", "⌆"), ("downarrow;", "↓"), ("downdownarrows;", "⇊"), ("downharpoonleft;", "⇃"),
    ("downharpoonright;", "⇂"), ("drbkarow;", "⤐"), ("drcorn;", "⌟"), ("drcrop;", "⌌"), ("dscr;", "\u{1d4b9}"),
    ("dscy;", "ѕ"), ("dsol;", "⧶"), ("dstrok;", "đ"), ("dtdot;", "⋱"), ("dtri;", "▿"), ("dtrif;", "▾"),
    ("duarr;", "⇵"), ("duhar;", "⥯"), ("dwangle;", "⦦"), ("dzcy;", "џ"), ("dzigrarr;", "⟿"), ("eDDot;", "⩷"),
    ("eDot;", "≑"), ("eacute", "é"), ("eacute;", "é"), ("easter;", "⩮"), ("ecaron;", "ě"), ("ecir;", "≖"),
    ("ecirc", "ê"), ("ecirc;", "ê"), ("ecolon;", "≕"), ("ecy;", "э"), ("edot;", "ė"), ("ee;", "ⅇ"), ("efDot;", "≒"),
    ("efr;", "\u{1d522}"), ("eg;", "⪚"), ("egrave", "è"), ("egrave;", "è"), ("egs;", "⪖"), ("egsdot;", "⪘"),
    ("el;", "⪙"), ("elinters;", "⏧"), ("ell;", "ℓ"), ("els;", "⪕"), ("elsdot;", "⪗"), ("emacr;", "ē"),
    ("empty;", "∅"), ("emptyset;", "∅"), ("emptyv;", "∅"), ("emsp13;", "\u{2004}"), ("emsp14;", "\u{2005}"),
    ("emsp;", "\u{2003}"), ("eng;", "ŋ"), ("ensp;", "\u{2002}"), ("eogon;", "ę"), ("eopf;", "\u{1d556}"),
    ("epar;", "⋕"), ("eparsl;", "⧣"), ("eplus;", "⩱"), ("epsi;", "ε"), ("epsilon;", "ε"), ("epsiv;", "ϵ"),
    ("eqcirc;", "≖"), ("eqcolon;", "≕"), ("eqsim;", "≂"), ("eqslantgtr;", "⪖"), ("eqslantless;", "⪕"),
    ("equals;", "="), ("equest;", "≟"), ("equiv;", "≡"), ("equivDD;", "⩸"), ("eqvparsl;", "⧥"), ("erDot;", "≓"),
    ("erarr;", "⥱"), ("escr;", "ℯ"), ("esdot;", "≐"), ("esim;", "≂"), ("eta;", "η"), ("eth", "ð"), ("eth;", "ð"),
    ("euml", "ë"), ("euml;", "ë"), ("euro;", "€"), ("excl;", "!"), ("exist;", "∃"), ("expectation;", "ℰ"),
    ("exponentiale;", "ⅇ"), ("fallingdotseq;", "≒"), ("fcy;", "ф"), ("female;", "♀"), ("ffilig;", "\u{fb03}"),
    ("fflig;", "\u{fb00}"), ("ffllig;", "\u{fb04}"), ("ffr;", "\u{1d523}"), ("filig;", "\u{fb01}"), ("fjlig;", "fj"),
    ("flat;", "♭"), ("fllig;", "\u{fb02}"), ("fltns;", "▱"), ("fnof;", "ƒ"), ("fopf;", "\u{1d557}"), ("forall;", "∀"),
    ("fork;", "⋔"), ("forkv;", "⫙"), ("fpartint;", "⨍"), ("frac12", "½"), ("frac12;", "½"), ("frac13;", "⅓"),
    ("frac14", "¼"), ("frac14;", "¼"), ("frac15;", "⅕"), ("frac16;", "⅙"), ("frac18;", "⅛"), ("frac23;", "⅔"),
    ("frac25;", "⅖"), ("frac34", "¾"), ("frac34;", "¾"), ("frac35;", "⅗"), ("frac38;", "⅜"), ("frac45;", "⅘"),
    ("frac56;", "⅚"), ("frac58;", "⅝"), ("frac78;", "⅞"), ("frasl;", "\u{2044}"), ("frown;", "⌢"),
    ("fscr;", "\u{1d4bb}"), ("gE;", "≧"), ("gEl;", "⪌"), ("gacute;", "ǵ"), ("gamma;", "γ"), ("gammad;", "ϝ"),
    ("gap;", "⪆"), ("gbreve;", "ğ"), ("gcirc;", "ĝ"), ("gcy;", "г"), ("gdot;", "ġ"), ("ge;", "≥"), ("gel;", "⋛"),
    ("geq;", "≥"), ("geqq;", "≧"), ("geqslant;", "⩾"), ("ges;", "⩾"), ("gescc;", "⪩"), ("gesdot;", "⪀"),
    ("gesdoto;", "⪂"), ("gesdotol;", "⪄"), ("gesl;", "⋛\u{fe00}"), ("gesles;", "⪔"), ("gfr;", "\u{1d524}"),
    ("gg;", "≫"), ("ggg;", "⋙"), ("gimel;", "ℷ"), ("gjcy;", "ѓ"), ("gl;", "≷"), ("glE;", "⪒"), ("gla;", "⪥"),
    ("glj;", "⪤"), ("gnE;", "≩"), ("gnap;", "⪊"), ("gnapprox;", "⪊"), ("gne;", "⪈"), ("gneq;", "⪈"), ("gneqq;", "≩"),
    ("gnsim;", "⋧"), ("gopf;", "\u{1d558}"), ("grave;", "`"), ("gscr;", "ℊ"), ("gsim;", "≳"), ("gsime;", "⪎"),
    ("gsiml;", "⪐"), ("gt", ">"), ("gt;", ">"), ("gtcc;", "⪧"), ("gtcir;", "⩺"), ("gtdot;", "⋗"), ("gtlPar;", "⦕"),
    ("gtquest;", "⩼"), ("gtrapprox;", "⪆"), ("gtrarr;", "⥸"), ("gtrdot;", "⋗"), ("gtreqless;", "⋛"),
    ("gtreqqless;", "⪌"), ("gtrless;", "≷"), ("gtrsim;", "≳"), ("gvertneqq;", "≩\u{fe00}"), ("gvnE;", "≩\u{fe00}"),
    ("hArr;", "⇔"), ("hairsp;", "\u{200a}"), ("half;", "½"), ("hamilt;", "ℋ"), ("hardcy;", "ъ"), ("harr;", "↔"),
    ("harrcir;", "⥈"), ("harrw;", "↭"), ("hbar;", "ℏ"), ("hcirc;", "ĥ"), ("hearts;", "♥"), ("heartsuit;", "♥"),
    ("hellip;", "\u{2026}"), ("hercon;", "⊹"), ("hfr;", "\u{1d525}"), ("hksearow;", "⤥"), ("hkswarow;", "⤦"),
    ("hoarr;", "⇿"), ("homtht;", "∻"), ("hookleftarrow;", "↩"), ("hookrightarrow;", "↪"), ("hopf;", "\u{1d559}"),
    ("horbar;", "\u{2015}"), ("hscr;", "\u{1d4bd}"), ("hslash;", "ℏ"), ("hstrok;", "ħ"), ("hybull;", "\u{2043}"),
    ("hyphen;", "\u{2010}"), ("iacute", "í"), ("iacute;", "í"), ("ic;", "\u{2063}"), ("icirc", "î"), ("icirc;", "î"),
    ("icy;", "и"), ("iecy;", "е"), ("iexcl", "¡"), ("iexcl;", "¡"), ("iff;", "⇔"), ("ifr;", "\u{1d526}"),
    ("igrave", "ì"), ("igrave;", "ì"), ("ii;", "ⅈ"), ("iiiint;", "⨌"), ("iiint;", "∭"), ("iinfin;", "⧜"),
    ("iiota;", "℩"), ("ijlig;", "ĳ"), ("imacr;", "ī"), ("image;", "ℑ"), ("imagline;", "ℐ"), ("imagpart;", "ℑ"),
    ("imath;", "ı"), ("imof;", "⊷"), ("imped;", "Ƶ"), ("in;", "∈"), ("incare;", "℅"), ("infin;", "∞"),
    ("infintie;", "⧝"), ("inodot;", "ı"), ("int;", "∫"), ("intcal;", "⊺"), ("integers;", "ℤ"), ("intercal;", "⊺"),
    ("intlarhk;", "⨗"), ("intprod;", "⨼"), ("iocy;", "ё"), ("iogon;", "į"), ("iopf;", "\u{1d55a}"), ("iota;", "ι"),
    ("iprod;", "⨼"), ("iquest", "¿"), ("iquest;", "¿"), ("iscr;", "\u{1d4be}"), ("isin;", "∈"), ("isinE;", "⋹"),
    ("isindot;", "⋵"), ("isins;", "⋴"), ("isinsv;", "⋳"), ("isinv;", "∈"), ("it;", "\u{2062}"), ("itilde;", "ĩ"),
    ("iukcy;", "і"), ("iuml", "ï"), ("iuml;", "ï"), ("jcirc;", "ĵ"), ("jcy;", "й"), ("jfr;", "\u{1d527}"),
    ("jmath;", "ȷ"), ("jopf;", "\u{1d55b}"), ("jscr;", "\u{1d4bf}"), ("jsercy;", "ј"), ("jukcy;", "є"),
    ("kappa;", "κ"), ("kappav;", "ϰ"), ("kcedil;", "ķ"), ("kcy;", "к"), ("kfr;", "\u{1d528}"), ("kgreen;", "ĸ"),
    ("khcy;", "х"), ("kjcy;", "ќ"), ("kopf;", "\u{1d55c}"), ("kscr;", "\u{1d4c0}"), ("lAarr;", "⇚"), ("lArr;", "⇐"),
    ("lAtail;", "⤛"), ("lBarr;", "⤎"), ("lE;", "≦"), ("lEg;", "⪋"), ("lHar;", "⥢"), ("lacute;", "ĺ"),
    ("laemptyv;", "⦴"), ("lagran;", "ℒ"), ("lambda;", "λ"), ("lang;", "⟨"), ("langd;", "⦑"), ("langle;", "⟨"),
    ("lap;", "⪅"), ("laquo", "«"), ("laquo;", "«"), ("larr;", "←"), ("larrb;", "⇤"), ("larrbfs;", "⤟"),
    ("larrfs;", "⤝"), ("larrhk;", "↩"), ("larrlp;", "↫"), ("larrpl;", "⤹"), ("larrsim;", "⥳"), ("larrtl;", "↢"),
    ("lat;", "⪫"), ("latail;", "⤙"), ("late;", "⪭"), ("lates;", "⪭\u{fe00}"), ("lbarr;", "⤌"), ("lbbrk;", "❲"),
    ("lbrace;", "{"), ("lbrack;", "["), ("lbrke;", "⦋"), ("lbrksld;", "⦏"), ("lbrkslu;", "⦍"), ("lcaron;", "ľ"),
    ("lcedil;", "ļ"), ("lceil;", "⌈"), ("lcub;", "{"), ("lcy;", "л"), ("ldca;", "⤶"), ("ldquo;", "\u{201c}"),
    ("ldquor;", "\u{201e}"), ("ldrdhar;", "⥧"), ("ldrushar;", "⥋"), ("ldsh;", "↲"), ("le;", "≤"), ("leftarrow;", "←"),
    ("leftarrowtail;", "↢"), ("leftharpoondown;", "↽"), ("leftharpoonup;", "↼"), ("leftleftarrows;", "⇇"),
    ("leftrightarrow;", "↔"), ("leftrightarrows;", "⇆"), ("leftrightharpoons;", "⇋"), ("leftrightsquigarrow;", "↭"),
    ("leftthreetimes;", "⋋"), ("leg;", "⋚"), ("leq;", "≤"), ("leqq;", "≦"), ("leqslant;", "⩽"), ("les;", "⩽"),
    ("lescc;", "⪨"), ("lesdot;", "⩿"), ("lesdoto;", "⪁"), ("lesdotor;", "⪃"), ("lesg;", "⋚\u{fe00}"),
    ("lesges;", "⪓"), ("lessapprox;", "⪅"), ("lessdot;", "⋖"), ("lesseqgtr;", "⋚"), ("lesseqqgtr;", "⪋"),
    ("lessgtr;", "≶"), ("lesssim;", "≲"), ("lfisht;", "⥼"), ("lfloor;", "⌊"), ("lfr;", "\u{1d529}"), ("lg;", "≶"),
    ("lgE;", "⪑"), ("lhard;", "↽"), ("lharu;", "↼"), ("lharul;", "⥪"), ("lhblk;", "▄"), ("ljcy;", "љ"), ("ll;", "≪"),
    ("llarr;", "⇇"), ("llcorner;", "⌞"), ("llhard;", "⥫"), ("lltri;", "◺"), ("lmidot;", "ŀ"), ("lmoust;", "⎰"),
    ("lmoustache;", "⎰"), ("lnE;", "≨"), ("lnap;", "⪉"), ("lnapprox;", "⪉"), ("lne;", "⪇"), ("lneq;", "⪇"),
    ("lneqq;", "≨"), ("lnsim;", "⋦"), ("loang;", "⟬"), ("loarr;", "⇽"), ("lobrk;", "⟦"), ("longleftarrow;", "⟵"),
    ("longleftrightarrow;", "⟷"), ("longmapsto;", "⟼"), ("longrightarrow;", "⟶"), ("looparrowleft;", "↫"),
    ("looparrowright;", "↬"), ("lopar;", "⦅"), ("lopf;", "\u{1d55d}"), ("loplus;", "⨭"), ("lotimes;", "⨴"),
    ("lowast;", "∗"), ("lowbar;", "_"), ("loz;", "◊"), ("lozenge;", "◊"), ("lozf;", "⧫"), ("lpar;", "("),
    ("lparlt;", "⦓"), ("lrarr;", "⇆"), ("lrcorner;", "⌟"), ("lrhar;", "⇋"), ("lrhard;", "⥭"), ("lrm;", "\u{200e}"),
    ("lrtri;", "⊿"), ("lsaquo;", "\u{2039}"), ("lscr;", "\u{1d4c1}"), ("lsh;", "↰"), ("lsim;", "≲"), ("lsime;", "⪍"),
    ("lsimg;", "⪏"), ("lsqb;", "["), ("lsquo;", "\u{2018}"), ("lsquor;", "\u{201a}"), ("lstrok;", "ł"), ("lt", "<"),
    ("lt;", "<"), ("ltcc;", "⪦"), ("ltcir;", "⩹"), ("ltdot;", "⋖"), ("lthree;", "⋋"), ("ltimes;", "⋉"),
    ("ltlarr;", "⥶"), ("ltquest;", "⩻"), ("ltrPar;", "⦖"), ("ltri;", "◃"), ("ltrie;", "⊴"), ("ltrif;", "◂"),
    ("lurdshar;", "⥊"), ("luruhar;", "⥦"), ("lvertneqq;", "≨\u{fe00}"), ("lvnE;", "≨\u{fe00}"), ("mDDot;", "∺"),
    ("macr", "¯"), ("macr;", "¯"), ("male;", "♂"), ("malt;", "✠"), ("maltese;", "✠"), ("map;", "↦"), ("mapsto;", "↦"),
    ("mapstodown;", "↧"), ("mapstoleft;", "↤"), ("mapstoup;", "↥"), ("marker;", "▮"), ("mcomma;", "⨩"), ("mcy;", "м"),
    ("mdash;", "\u{2014}"), ("measuredangle;", "∡"), ("mfr;", "\u{1d52a}"), ("mho;", "℧"), ("micro", "µ"),
    ("micro;", "µ"), ("mid;", "∣"), ("midast;", "*"), ("midcir;", "⫰"), ("middot", "·"), ("middot;", "·"),
    ("minus;", "−"), ("minusb;", "⊟"), ("minusd;", "∸"), ("minusdu;", "⨪"), ("mlcp;", "⫛"), ("mldr;", "\u{2026}"),
    ("mnplus;", "∓"), ("models;", "⊧"), ("mopf;", "\u{1d55e}"), ("mp;", "∓"), ("mscr;", "\u{1d4c2}"),
    ("mstpos;", "∾"), ("mu;", "μ"), ("multimap;", "⊸"), ("mumap;", "⊸"), ("nGg;", "⋙̸"), ("nGt;", "≫⃒"),
    ("nGtv;", "≫̸"), ("nLeftarrow;", "⇍"), ("nLeftrightarrow;", "⇎"), ("nLl;", "⋘̸"), ("nLt;", "≪⃒"), ("nLtv;", "≪̸"),
    ("nRightarrow;", "⇏"), ("nVDash;", "⊯"), ("nVdash;", "⊮"), ("nabla;", "∇"), ("nacute;", "ń"), ("nang;", "∠⃒"),
    ("nap;", "≉"), ("napE;", "⩰̸"), ("napid;", "≋̸"), ("napos;", "ŉ"), ("napprox;", "≉"), ("natur;", "♮"),
    ("natural;", "♮"), ("naturals;", "ℕ"), ("nbsp", "\u{a0}"), ("nbsp;", "\u{a0}"), ("nbump;", "≎̸"),
    ("nbumpe;", "≏̸"), ("ncap;", "⩃"), ("ncaron;", "ň"), ("ncedil;", "ņ"), ("ncong;", "≇"), ("ncongdot;", "⩭̸"),
    ("ncup;", "⩂"), ("ncy;", "н"), ("ndash;", "\u{2013}"), ("ne;", "≠"), ("neArr;", "⇗"), ("nearhk;", "⤤"),
    ("nearr;", "↗"), ("nearrow;", "↗"), ("nedot;", "≐̸"), ("nequiv;", "≢"), ("nesear;", "⤨"), ("nesim;", "≂̸"),
    ("nexist;", "∄"), ("nexists;", "∄"), ("nfr;", "\u{1d52b}"), ("ngE;", "≧̸"), ("nge;", "≱"), ("ngeq;", "≱"),
    ("ngeqq;", "≧̸"), ("ngeqslant;", "⩾̸"), ("nges;", "⩾̸"), ("ngsim;", "≵"), ("ngt;", "≯"), ("ngtr;", "≯"),
    ("nhArr;", "⇎"), ("nharr;", "↮"), ("nhpar;", "⫲"), ("ni;", "∋"), ("nis;", "⋼"), ("nisd;", "⋺"), ("niv;", "∋"),
    ("njcy;", "њ"), ("nlArr;", "⇍"), ("nlE;", "≦̸"), ("nlarr;", "↚"), ("nldr;", "\u{2025}"), ("nle;", "≰"),
    ("nleftarrow;", "↚"), ("nleftrightarrow;", "↮"), ("nleq;", "≰"), ("nleqq;", "≦̸"), ("nleqslant;", "⩽̸"),
    ("nles;", "⩽̸"), ("nless;", "≮"), ("nlsim;", "≴"), ("nlt;", "≮"), ("nltri;", "⋪"), ("nltrie;", "⋬"),
    ("nmid;", "∤"), ("nopf;", "\u{1d55f}"), ("not", "¬"), ("not;", "¬"), ("notin;", "∉"), ("notinE;", "⋹̸"),
    ("notindot;", "⋵̸"), ("notinva;", "∉"), ("notinvb;", "⋷"), ("notinvc;", "⋶"), ("notni;", "∌"), ("notniva;", "∌"),
    ("notnivb;", "⋾"), ("notnivc;", "⋽"), ("npar;", "∦"), ("nparallel;", "∦"), ("nparsl;", "⫽⃥"), ("npart;", "∂̸"),
    ("npolint;", "⨔"), ("npr;", "⊀"), ("nprcue;", "⋠"), ("npre;", "⪯̸"), ("nprec;", "⊀"), ("npreceq;", "⪯̸"),
    ("nrArr;", "⇏"), ("nrarr;", "↛"), ("nrarrc;", "⤳̸"), ("nrarrw;", "↝̸"), ("nrightarrow;", "↛"), ("nrtri;", "⋫"),
    ("nrtrie;", "⋭"), ("nsc;", "⊁"), ("nsccue;", "⋡"), ("nsce;", "⪰̸"), ("nscr;", "\u{1d4c3}"), ("nshortmid;", "∤"),
    ("nshortparallel;", "∦"), ("nsim;", "≁"), ("nsime;", "≄"), ("nsimeq;", "≄"), ("nsmid;", "∤"), ("nspar;", "∦"),
    ("nsqsube;", "⋢"), ("nsqsupe;", "⋣"), ("nsub;", "⊄"), ("nsubE;", "⫅̸"), ("nsube;", "⊈"), ("nsubset;", "⊂⃒"),
    ("nsubseteq;", "⊈"), ("nsubseteqq;", "⫅̸"), ("nsucc;", "⊁"), ("nsucceq;", "⪰̸"), ("nsup;", "⊅"), ("nsupE;", "⫆̸"),
    ("nsupe;", "⊉"), ("nsupset;", "⊃⃒"), ("nsupseteq;", "⊉"), ("nsupseteqq;", "⫆̸"), ("ntgl;", "≹"), ("ntilde", "ñ"),
    ("ntilde;", "ñ"), ("ntlg;", "≸"), ("ntriangleleft;", "⋪"), ("ntrianglelefteq;", "⋬"), ("ntriangleright;", "⋫"),
    ("ntrianglerighteq;", "⋭"), ("nu;", "ν"), ("num;", "#"), ("numero;", "№"), ("numsp;", "\u{2007}"),
    ("nvDash;", "⊭"), ("nvHarr;", "⤄"), ("nvap;", "≍⃒"), ("nvdash;", "⊬"), ("nvge;", "≥⃒"), ("nvgt;", ">⃒"),
    ("nvinfin;", "⧞"), ("nvlArr;", "⤂"), ("nvle;", "≤⃒"), ("nvlt;", "<⃒"), ("nvltrie;", "⊴⃒"), ("nvrArr;", "⤃"),
    ("nvrtrie;", "⊵⃒"), ("nvsim;", "∼⃒"), ("nwArr;", "⇖"), ("nwarhk;", "⤣"), ("nwarr;", "↖"), ("nwarrow;", "↖"),
    ("nwnear;", "⤧"), ("oS;", "Ⓢ"), ("oacute", "ó"), ("oacute;", "ó"), ("oast;", "⊛"), ("ocir;", "⊚"), ("ocirc", "ô"),
    ("ocirc;", "ô"), ("ocy;", "о"), ("odash;", "⊝"), ("odblac;", "ő"), ("odiv;", "⨸"), ("odot;", "⊙"),
    ("odsold;", "⦼"), ("oelig;", "œ"), ("ofcir;", "⦿"), ("ofr;", "\u{1d52c}"), ("ogon;", "˛"), ("ograve", "ò"),
    ("ograve;", "ò"), ("ogt;", "⧁"), ("ohbar;", "⦵"), ("ohm;", "Ω"), ("oint;", "∮"), ("olarr;", "↺"), ("olcir;", "⦾"),
    ("olcross;", "⦻"), ("oline;", "\u{203e}"), ("olt;", "⧀"), ("omacr;", "ō"), ("omega;", "ω"), ("omicron;", "ο"),
    ("omid;", "⦶"), ("ominus;", "⊖"), ("oopf;", "\u{1d560}"), ("opar;", "⦷"), ("operp;", "⦹"), ("oplus;", "⊕"),
    ("or;", "∨"), ("orarr;", "↻"), ("ord;", "⩝"), ("order;", "ℴ"), ("orderof;", "ℴ"), ("ordf", "ª"), ("ordf;", "ª"),
    ("ordm", "º"), ("ordm;", "º"), ("origof;", "⊶"), ("oror;", "⩖"), ("orslope;", "⩗"), ("orv;", "⩛"), ("oscr;", "ℴ"),
    ("oslash", "ø"), ("oslash;", "ø"), ("osol;", "⊘"), ("otilde", "õ"), ("otilde;", "õ"), ("otimes;", "⊗"),
    ("otimesas;", "⨶"), ("ouml", "ö"), ("ouml;", "ö"), ("ovbar;", "⌽"), ("par;", "∥"), ("para", "¶"), ("para;", "¶"),
    ("parallel;", "∥"), ("parsim;", "⫳"), ("parsl;", "⫽"), ("part;", "∂"), ("pcy;", "п"), ("percnt;", "%"),
    ("period;", "."), ("permil;", "\u{2030}"), ("perp;", "⊥"), ("pertenk;", "\u{2031}"), ("pfr;", "\u{1d52d}"),
    ("phi;", "φ"), ("phiv;", "ϕ"), ("phmmat;", "ℳ"), ("phone;", "☎"), ("pi;", "π"), ("pitchfork;", "⋔"),
    ("piv;", "ϖ"), ("planck;", "ℏ"), ("planckh;", "ℎ"), ("plankv;", "ℏ"), ("plus;", "+"), ("plusacir;", "⨣"),
    ("plusb;", "⊞"), ("pluscir;", "⨢"), ("plusdo;", "∔"), ("plusdu;", "⨥"), ("pluse;", "⩲"), ("plusmn", "±"),
    ("plusmn;", "±"), ("plussim;", "⨦"), ("plustwo;", "⨧"), ("pm;", "±"), ("pointint;", "⨕"), ("popf;", "\u{1d561}"),
    ("pound", "£"), ("pound;", "£"), ("pr;", "≺"), ("prE;", "⪳"), ("prap;", "⪷"), ("prcue;", "≼"), ("pre;", "⪯"),
    ("prec;", "≺"), ("precapprox;", "⪷"), ("preccurlyeq;", "≼"), ("preceq;", "⪯"), ("precnapprox;", "⪹"),
    ("precneqq;", "⪵"), ("precnsim;", "⋨"), ("precsim;", "≾"), ("prime;", "\u{2032}"), ("primes;", "ℙ"),
    ("prnE;", "⪵"), ("prnap;", "⪹"), ("prnsim;", "⋨"), ("prod;", "∏"), ("profalar;", "⌮"), ("profline;", "⌒"),
    ("profsurf;", "⌓"), ("prop;", "∝"), ("propto;", "∝"), ("prsim;", "≾"), ("prurel;", "⊰"), ("pscr;", "\u{1d4c5}"),
    ("psi;", "ψ"), ("puncsp;", "\u{2008}"), ("qfr;", "\u{1d52e}"), ("qint;", "⨌"), ("qopf;", "\u{1d562}"),
    ("qprime;", "\u{2057}"), ("qscr;", "\u{1d4c6}"), ("quaternions;", "ℍ"), ("quatint;", "⨖"), ("quest;", "?"),
    ("questeq;", "≟"), ("quot", "\u{22}"), ("quot;", "\u{22}"), ("rAarr;", "⇛"), ("rArr;", "⇒"), ("rAtail;", "⤜"),
    ("rBarr;", "⤏"), ("rHar;", "⥤"), ("race;", "∽̱"), ("racute;", "ŕ"), ("radic;", "√"), ("raemptyv;", "⦳"),
    ("rang;", "⟩"), ("rangd;", "⦒"), ("range;", "⦥"), ("rangle;", "⟩"), ("raquo", "»"), ("raquo;", "»"),
    ("rarr;", "→"), ("rarrap;", "⥵"), ("rarrb;", "⇥"), ("rarrbfs;", "⤠"), ("rarrc;", "⤳"), ("rarrfs;", "⤞"),
    ("rarrhk;", "↪"), ("rarrlp;", "↬"), ("rarrpl;", "⥅"), ("rarrsim;", "⥴"), ("rarrtl;", "↣"), ("rarrw;", "↝"),
    ("ratail;", "⤚"), ("ratio;", "∶"), ("rationals;", "ℚ"), ("rbarr;", "⤍"), ("rbbrk;", "❳"), ("rbrace;", "}"),
    ("rbrack;", "]"), ("rbrke;", "⦌"), ("rbrksld;", "⦎"), ("rbrkslu;", "⦐"), ("rcaron;", "ř"), ("rcedil;", "ŗ"),
    ("rceil;", "⌉"), ("rcub;", "}"), ("rcy;", "р"), ("rdca;", "⤷"), ("rdldhar;", "⥩"), ("rdquo;", "\u{201d}"),
    ("rdquor;", "\u{201d}"), ("rdsh;", "↳"), ("real;", "ℜ"), ("realine;", "ℛ"), ("realpart;", "ℜ"), ("reals;", "ℝ"),
    ("rect;", "▭"), ("reg", "®"), ("reg;", "®"), ("rfisht;", "⥽"), ("rfloor;", "⌋"), ("rfr;", "\u{1d52f}"),
    ("rhard;", "⇁"), ("rharu;", "⇀"), ("rharul;", "⥬"), ("rho;", "ρ"), ("rhov;", "ϱ"), ("rightarrow;", "→"),
    ("rightarrowtail;", "↣"), ("rightharpoondown;", "⇁"), ("rightharpoonup;", "⇀"), ("rightleftarrows;", "⇄"),
    ("rightleftharpoons;", "⇌"), ("rightrightarrows;", "⇉"), ("rightsquigarrow;", "↝"), ("rightthreetimes;", "⋌"),
    ("ring;", "˚"), ("risingdotseq;", "≓"), ("rlarr;", "⇄"), ("rlhar;", "⇌"), ("rlm;", "\u{200f}"), ("rmoust;", "⎱"),
    ("rmoustache;", "⎱"), ("rnmid;", "⫮"), ("roang;", "⟭"), ("roarr;", "⇾"), ("robrk;", "⟧"), ("ropar;", "⦆"),
    ("ropf;", "\u{1d563}"), ("roplus;", "⨮"), ("rotimes;", "⨵"), ("rpar;", ")"), ("rpargt;", "⦔"), ("rppolint;", "⨒"),
    ("rrarr;", "⇉"), ("rsaquo;", "\u{203a}"), ("rscr;", "\u{1d4c7}"), ("rsh;", "↱"), ("rsqb;", "]"),
    ("rsquo;", "\u{2019}"), ("rsquor;", "\u{2019}"), ("rthree;", "⋌"), ("rtimes;", "⋊"), ("rtri;", "▹"),
    ("rtrie;", "⊵"), ("rtrif;", "▸"), ("rtriltri;", "⧎"), ("ruluhar;", "⥨"), ("rx;", "℞"), ("sacute;", "ś"),
    ("sbquo;", "\u{201a}"), ("sc;", "≻"), ("scE;", "⪴"), ("scap;", "⪸"), ("scaron;", "š"), ("sccue;", "≽"),
    ("sce;", "⪰"), ("scedil;", "ş"), ("scirc;", "ŝ"), ("scnE;", "⪶"), ("scnap;", "⪺"), ("scnsim;", "⋩"),
    ("scpolint;", "⨓"), ("scsim;", "≿"), ("scy;", "с"), ("sdot;", "⋅"), ("sdotb;", "⊡"), ("sdote;", "⩦"),
    ("seArr;", "⇘"), ("searhk;", "⤥"), ("searr;", "↘"), ("searrow;", "↘"), ("sect", "§"), ("sect;", "§"),
    ("semi;", ";"), ("seswar;", "⤩"), ("setminus;", "∖"), ("setmn;", "∖"), ("sext;", "✶"), ("sfr;", "\u{1d530}"),
    ("sfrown;", "⌢"), ("sharp;", "♯"), ("shchcy;", "щ"), ("shcy;", "ш"), ("shortmid;", "∣"), ("shortparallel;", "∥"),
    ("shy", "\u{ad}"), ("shy;", "\u{ad}"), ("sigma;", "σ"), ("sigmaf;", "ς"), ("sigmav;", "ς"), ("sim;", "∼"),
    ("simdot;", "⩪"), ("sime;", "≃"), ("simeq;", "≃"), ("simg;", "⪞"), ("simgE;", "⪠"), ("siml;", "⪝"),
    ("simlE;", "⪟"), ("simne;", "≆"), ("simplus;", "⨤"), ("simrarr;", "⥲"), ("slarr;", "←"), ("smallsetminus;", "∖"),
    ("smashp;", "⨳"), ("smeparsl;", "⧤"), ("smid;", "∣"), ("smile;", "⌣"), ("smt;", "⪪"), ("smte;", "⪬"),
    ("smtes;", "⪬\u{fe00}"), ("softcy;", "ь"), ("sol;", "/"), ("solb;", "⧄"), ("solbar;", "⌿"),
    ("sopf;", "\u{1d564}"), ("spades;", "♠"), ("spadesuit;", "♠"), ("spar;", "∥"), ("sqcap;", "⊓"),
    ("sqcaps;", "⊓\u{fe00}"), ("sqcup;", "⊔"), ("sqcups;", "⊔\u{fe00}"), ("sqsub;", "⊏"), ("sqsube;", "⊑"),
    ("sqsubset;", "⊏"), ("sqsubseteq;", "⊑"), ("sqsup;", "⊐"), ("sqsupe;", "⊒"), ("sqsupset;", "⊐"),
    ("sqsupseteq;", "⊒"), ("squ;", "□"), ("square;", "□"), ("squarf;", "▪"), ("squf;", "▪"), ("srarr;", "→"),
    ("sscr;", "\u{1d4c8}"), ("ssetmn;", "∖"), ("ssmile;", "⌣"), ("sstarf;", "⋆"), ("star;", "☆"), ("starf;", "★"),
    ("straightepsilon;", "ϵ"), ("straightphi;", "ϕ"), ("strns;", "¯"), ("sub;", "⊂"), ("subE;", "⫅"),
    ("subdot;", "⪽"), ("sube;", "⊆"), ("subedot;", "⫃"), ("submult;", "⫁"), ("subnE;", "⫋"), ("subne;", "⊊"),
    ("subplus;", "⪿"), ("subrarr;", "⥹"), ("subset;", "⊂"), ("subseteq;", "⊆"), ("subseteqq;", "⫅"),
    ("subsetneq;", "⊊"), ("subsetneqq;", "⫋"), ("subsim;", "⫇"), ("subsub;", "⫕"), ("subsup;", "⫓"), ("succ;", "≻"),
    ("succapprox;", "⪸"), ("succcurlyeq;", "≽"), ("succeq;", "⪰"), ("succnapprox;", "⪺"), ("succneqq;", "⪶"),
    ("succnsim;", "⋩"), ("succsim;", "≿"), ("sum;", "∑"), ("sung;", "♪"), ("sup1", "¹"), ("sup1;", "¹"),
    ("sup2", "²"), ("sup2;", "²"), ("sup3", "³"), ("sup3;", "³"), ("sup;", "⊃"), ("supE;", "⫆"), ("supdot;", "⪾"),
    ("supdsub;", "⫘"), ("supe;", "⊇"), ("supedot;", "⫄"), ("suphsol;", "⟉"), ("suphsub;", "⫗"), ("suplarr;", "⥻"),
    ("supmult;", "⫂"), ("supnE;", "⫌"), ("supne;", "⊋"), ("supplus;", "⫀"), ("supset;", "⊃"), ("supseteq;", "⊇"),
    ("supseteqq;", "⫆"), ("supsetneq;", "⊋"), ("supsetneqq;", "⫌"), ("supsim;", "⫈"), ("supsub;", "⫔"),
    ("supsup;", "⫖"), ("swArr;", "⇙"), ("swarhk;", "⤦"), ("swarr;", "↙"), ("swarrow;", "↙"), ("swnwar;", "⤪"),
    ("szlig", "ß"), ("szlig;", "ß"), ("target;", "⌖"), ("tau;", "τ"), ("tbrk;", "⎴"), ("tcaron;", "ť"),
    ("tcedil;", "ţ"), ("tcy;", "т"), ("tdot;", "⃛"), ("telrec;", "⌕"), ("tfr;", "\u{1d531}"), ("there4;", "∴"),
    ("therefore;", "∴"), ("theta;", "θ"), ("thetasym;", "ϑ"), ("thetav;", "ϑ"), ("thickapprox;", "≈"),
    ("thicksim;", "∼"), ("thinsp;", "\u{2009}"), ("thkap;", "≈"), ("thksim;", "∼"), ("thorn", "þ"), ("thorn;", "þ"),
    ("tilde;", "˜"), ("times", "×"), ("times;", "×"), ("timesb;", "⊠"), ("timesbar;", "⨱"), ("timesd;", "⨰"),
    ("tint;", "∭"), ("toea;", "⤨"), ("top;", "⊤"), ("topbot;", "⌶"), ("topcir;", "⫱"), ("topf;", "\u{1d565}"),
    ("topfork;", "⫚"), ("tosa;", "⤩"), ("tprime;", "\u{2034}"), ("trade;", "™"), ("triangle;", "▵"),
    ("triangledown;", "▿"), ("triangleleft;", "◃"), ("trianglelefteq;", "⊴"), ("triangleq;", "≜"),
    ("triangleright;", "▹"), ("trianglerighteq;", "⊵"), ("tridot;", "◬"), ("trie;", "≜"), ("triminus;", "⨺"),
    ("triplus;", "⨹"), ("trisb;", "⧍"), ("tritime;", "⨻"), ("trpezium;", "⏢"), ("tscr;", "\u{1d4c9}"), ("tscy;", "ц"),
    ("tshcy;", "ћ"), ("tstrok;", "ŧ"), ("twixt;", "≬"), ("twoheadleftarrow;", "↞"), ("twoheadrightarrow;", "↠"),
    ("uArr;", "⇑"), ("uHar;", "⥣"), ("uacute", "ú"), ("uacute;", "ú"), ("uarr;", "↑"), ("ubrcy;", "ў"),
    ("ubreve;", "ŭ"), ("ucirc", "û"), ("ucirc;", "û"), ("ucy;", "у"), ("udarr;", "⇅"), ("udblac;", "ű"),
    ("udhar;", "⥮"), ("ufisht;", "⥾"), ("ufr;", "\u{1d532}"), ("ugrave", "ù"), ("ugrave;", "ù"), ("uharl;", "↿"),
    ("uharr;", "↾"), ("uhblk;", "▀"), ("ulcorn;", "⌜"), ("ulcorner;", "⌜"), ("ulcrop;", "⌏"), ("ultri;", "◸"),
    ("umacr;", "ū"), ("uml", "¨"), ("uml;", "¨"), ("uogon;", "ų"), ("uopf;", "\u{1d566}"), ("uparrow;", "↑"),
    ("updownarrow;", "↕"), ("upharpoonleft;", "↿"), ("upharpoonright;", "↾"), ("uplus;", "⊎"), ("upsi;", "υ"),
    ("upsih;", "ϒ"), ("upsilon;", "υ"), ("upuparrows;", "⇈"), ("urcorn;", "⌝"), ("urcorner;", "⌝"), ("urcrop;", "⌎"),
    ("uring;", "ů"), ("urtri;", "◹"), ("uscr;", "\u{1d4ca}"), ("utdot;", "⋰"), ("utilde;", "ũ"), ("utri;", "▵"),
    ("utrif;", "▴"), ("uuarr;", "⇈"), ("uuml", "ü"), ("uuml;", "ü"), ("uwangle;", "⦧"), ("vArr;", "⇕"),
    ("vBar;", "⫨"), ("vBarv;", "⫩"), ("vDash;", "⊨"), ("vangrt;", "⦜"), ("varepsilon;", "ϵ"), ("varkappa;", "ϰ"),
    ("varnothing;", "∅"), ("varphi;", "ϕ"), ("varpi;", "ϖ"), ("varpropto;", "∝"), ("varr;", "↕"), ("varrho;", "ϱ"),
    ("varsigma;", "ς"), ("varsubsetneq;", "⊊\u{fe00}"), ("varsubsetneqq;", "⫋\u{fe00}"),
    ("varsupsetneq;", "⊋\u{fe00}"), ("varsupsetneqq;", "⫌\u{fe00}"), ("vartheta;", "ϑ"), ("vartriangleleft;", "⊲"),
    ("vartriangleright;", "⊳"), ("vcy;", "в"), ("vdash;", "⊢"), ("vee;", "∨"), ("veebar;", "⊻"), ("veeeq;", "≚"),
    ("vellip;", "⋮"), ("verbar;", "|"), ("vert;", "|"), ("vfr;", "\u{1d533}"), ("vltri;", "⊲"), ("vnsub;", "⊂⃒"),
    ("vnsup;", "⊃⃒"), ("vopf;", "\u{1d567}"), ("vprop;", "∝"), ("vrtri;", "⊳"), ("vscr;", "\u{1d4cb}"),
    ("vsubnE;", "⫋\u{fe00}"), ("vsubne;", "⊊\u{fe00}"), ("vsupnE;", "⫌\u{fe00}"), ("vsupne;", "⊋\u{fe00}"),
    ("vzigzag;", "⦚"), ("wcirc;", "ŵ"), ("wedbar;", "⩟"), ("wedge;", "∧"), ("wedgeq;", "≙"), ("weierp;", "℘"),
    ("wfr;", "\u{1d534}"), ("wopf;", "\u{1d568}"), ("wp;", "℘"), ("wr;", "≀"), ("wreath;", "≀"),
    ("wscr;", "\u{1d4cc}"), ("xcap;", "⋂"), ("xcirc;", "◯"), ("xcup;", "⋃"), ("xdtri;", "▽"), ("xfr;", "\u{1d535}"),
    ("xhArr;", "⟺"), ("xharr;", "⟷"), ("xi;", "ξ"), ("xlArr;", "⟸"), ("xlarr;", "⟵"), ("xmap;", "⟼"), ("xnis;", "⋻"),
    ("xodot;", "⨀"), ("xopf;", "\u{1d569}"), ("xoplus;", "⨁"), ("xotime;", "⨂"), ("xrArr;", "⟹"), ("xrarr;", "⟶"),
    ("xscr;", "\u{1d4cd}"), ("xsqcup;", "⨆"), ("xuplus;", "⨄"), ("xutri;", "△"), ("xvee;", "⋁"), ("xwedge;", "⋀"),
    ("yacute", "ý"), ("yacute;", "ý"), ("yacy;", "я"), ("ycirc;", "ŷ"), ("ycy;", "ы"), ("yen", "¥"), ("yen;", "¥"),
    ("yfr;", "\u{1d536}"), ("yicy;", "ї"), ("yopf;", "\u{1d56a}"), ("yscr;", "\u{1d4ce}"), ("yucy;", "ю"),
    ("yuml", "ÿ"), ("yuml;", "ÿ"), ("zacute;", "ź"), ("zcaron;", "ž"), ("zcy;", "з"), ("zdot;", "ż"),
    ("zeetrf;", "ℨ"), ("zeta;", "ζ"), ("zfr;", "\u{1d537}"), ("zhcy;", "ж"), ("zigrarr;", "⇝"),
    ("zopf;", "\u{1d56b}"), ("zscr;", "\u{1d4cf}"), ("zwj;", "\u{200d}"), ("zwnj;", "\u{200c}"),
];

/// What a numeric reference to a control character of Windows-1252 means.
#[rustfmt::skip]
static REPLACED: &[(u32, u32)] = &[
    (0x0, 0xfffd), (0xd, 0xd), (0x80, 0x20ac), (0x81, 0x81), (0x82, 0x201a), (0x83, 0x192), (0x84, 0x201e),
    (0x85, 0x2026), (0x86, 0x2020), (0x87, 0x2021), (0x88, 0x2c6), (0x89, 0x2030), (0x8a, 0x160), (0x8b, 0x2039),
    (0x8c, 0x152), (0x8d, 0x8d), (0x8e, 0x17d), (0x8f, 0x8f), (0x90, 0x90), (0x91, 0x2018), (0x92, 0x2019),
    (0x93, 0x201c), (0x94, 0x201d), (0x95, 0x2022), (0x96, 0x2013), (0x97, 0x2014), (0x98, 0x2dc), (0x99, 0x2122),
    (0x9a, 0x161), (0x9b, 0x203a), (0x9c, 0x153), (0x9d, 0x9d), (0x9e, 0x17e), (0x9f, 0x178),
];

/// Code points that a numeric reference may not name; they become nothing.
fn is_invalid(code: u32) -> bool {
    matches!(code, 0x1..=0x8 | 0xb | 0xe..=0x1f | 0x7f..=0x9f | 0xfdd0..=0xfdef) || code & 0xfffe == 0xfffe
}

/// The longest name in the table, in bytes.
const LONGEST: usize = 32;

fn named(name: &str) -> Option<&'static str> {
    NAMED
        .binary_search_by(|(known, _)| known.as_bytes().cmp(name.as_bytes()))
        .ok()
        .map(|at| NAMED[at].1)
}

/// Replaces character references by the characters they name, as Python's `html.unescape` does.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        rest = match rest.strip_prefix('#') {
            Some(number) => numeric(number, &mut out).unwrap_or_else(|| {
                out.push('&');
                rest
            }),
            None => by_name(rest, &mut out).unwrap_or_else(|| {
                out.push('&');
                rest
            }),
        };
    }
    out.push_str(rest);
    out
}

/// Writes the character of a numeric reference and answers what follows it.
fn numeric<'t>(text: &'t str, out: &mut String) -> Option<&'t str> {
    let (digits, radix) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let length = digits
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    let code = u32::from_str_radix(&digits[..length], radix).unwrap_or(u32::MAX);
    let rest = &digits[length..];
    let rest = rest.strip_prefix(';').unwrap_or(rest);
    if let Ok(at) = REPLACED.binary_search_by_key(&code, |(from, _)| *from) {
        out.extend(char::from_u32(REPLACED[at].1));
    } else if (0xd800..=0xdfff).contains(&code) || code > 0x10_ffff {
        out.push('\u{fffd}');
    } else if !is_invalid(code) {
        out.extend(char::from_u32(code));
    }
    Some(rest)
}

/// Writes the characters of a named reference and answers what follows it.
fn by_name<'t>(text: &'t str, out: &mut String) -> Option<&'t str> {
    let mut end = text
        .char_indices()
        .take(LONGEST)
        .find(|(_, c)| matches!(c, '\t' | '\n' | '\u{c}' | ' ' | '<' | '&' | '#' | ';'))
        .map(|(at, c)| if c == ';' { at + 1 } else { at })
        .unwrap_or_else(|| text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at));
    while end > 1 {
        if text.is_char_boundary(end)
            && let Some(characters) = named(&text[..end])
        {
            out.push_str(characters);
            return Some(&text[end..]);
        }
        end -= 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_and_numeric_references_become_their_characters() {
        assert_eq!(unescape("&lt;&amp;lt;&quot;&#39;&#x27;&raquo;"), "<&lt;\"''»");
        assert_eq!(unescape("&ampersand &notit; &unknown; & &;"), "&ersand ¬it; &unknown; & &;");
        assert_eq!(unescape("&#128;&#0;&#xd800;&#1;&#x110000;&#;"), "€\u{fffd}\u{fffd}\u{fffd}&#;");
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(NAMED.windows(2).all(|pair| pair[0].0.as_bytes() < pair[1].0.as_bytes()));
    }
}
