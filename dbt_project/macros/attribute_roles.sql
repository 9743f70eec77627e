{# Names of numbers that are ids or codes, whatever their values: adding or
   averaging them means nothing. #}
{% macro is_code_name(feature) -%}
    {{ text_matches(
        feature,
        '(.*_)?(ids?|key|codes?|zip(_?[0-9])?|zipcode|zip_code|postcode|postal|'
        ~ 'postleitzahl|postalcode|plz|pincode|(tele)?phone(_?[0-9])?|phonenumber|telefon.*|'
        ~ 'mobile|fax|iban|bic|ean|gtin|upc|sku|isbn|ssn|uuid|guid|hash|'
        ~ '(store|shop|branch|filiale|region|area|city|country|state|district|'
        ~ 'county|department|dept|household|account|session|device|invoice|'
        ~ 'campaign|card|loyalty|member|user|client|customer|agent|rep|'
        ~ 'employee|manager|tenant|company|postal|phone|mobile|territory|'
        ~ 'terminal|segment|cluster|group|category|product|item|order)_?'
        ~ '(id|code|key)|'
        ~ '(store|shop|branch|filiale|region|area|district|account|invoice|'
        ~ 'card|loyalty|member|user|client|customer|agent|employee|phone|dept|'
        ~ 'mobile|territory|terminal)_?(no|nr|num|number))'
    ) }}
{%- endmacro %}


{# Names of numbers that say how much: they may have as many digits each. #}
{% macro is_amount_name(feature) -%}
    {{ text_matches(
        feature,
        '.*(income|salary|wage|pay|earning|spen[dt]|amount|revenue|sales|'
        ~ 'turnover|balance|price|value|total|sum|cost|limit|budget|worth|'
        ~ 'credit|debt|loan|score|points|monetary|profit|margin|fee|tax|'
        ~ 'umsatz|einkommen|gehalt|betrag|preis|distance|km|miles|seconds|'
        ~ 'minutes|days|count|quantity|size|weight|year).*'
    ) }}
{%- endmacro %}


{# Names of numbers that count or measure: they may run from 1 to 5, and are no
   answers on a scale. #}
{% macro is_count_name(feature) -%}
    {{ text_matches(
        feature,
        '.*(count|number|num|size|order|purchase|transaction|visit|child|kid|'
        ~ 'person|people|member|item|quantity|qty|times|day|week|month|year|'
        ~ 'age|recency|frequency|monetary|household|rooms|cars|pets|calls|'
        ~ 'sessions|clicks|logins|tickets|returns).*'
    ) }}
{%- endmacro %}


{# What a number says of a customer's purchases, going by its name: recency
   (time since the last one), frequency, monetary; null for any other. #}
{% macro purchase_role(feature) -%}
    case
        when {{ text_matches(
            feature,
            '(.*_)?recency.*|(days|weeks|months)_?since_?(the_?)?((last|latest|'
            ~ 'recent|most_?recent|previous).*|order|purchase|visit|'
            ~ 'transaction)|last_?(order|purchase|visit|transaction|bought)_?'
            ~ '(days|weeks|months|age).*|days_?inactive|inactive_?days|'
            ~ 'inactivity.*'
        ) }}
            then 'recency'
        when {{ text_matches(
            feature,
            '(.*_)?frequency.*|(total_?)?(order|purchase|transaction|invoice)s?'
            ~ '_?(counts?|number)|(number|no|num|nb|n|count|total)_?(of_?)?'
            ~ '(orders|purchases|transactions|invoices)|orders|purchases|'
            ~ 'transactions'
        ) }}
            then 'frequency'
        when {{ text_matches(
            feature,
            '(.*_)?monetary.*|((total|lifetime|annual|yearly)_?)?(spend|spent|'
            ~ 'spending|revenue|sales|turnover)(_?(amount|total|value))?|'
            ~ '(total|lifetime)_?(amount|value)|(total_?)?amount_?spent|clv|ltv'
        ) }}
            then 'monetary'
    end
{%- endmacro %}


{# How a number of a table says what a customer is worth, from the best on: 2
   names a total, 3 is one of several parts of it (spend on wine, spend on meat),
   4 names a value of any kind; null for any other. #}
{% macro value_rank(feature) -%}
    case
        when {{ purchase_role(feature) }} = 'monetary' then 2
        when {{ text_matches(
            feature,
            '.*(count|number|rank|rate|share|percent|pct|trend|growth|change|'
            ~ 'date|days|band|group|tier|segment).*'
        ) }}
            then null
        when {{ text_matches(
            feature,
            '(total_|annual_|yearly_)?(spend|spent|spending|amount|amt|sales|'
            ~ 'revenue|value|purchases?)_(on|for|in|of)_.+|'
            ~ '(mnt|amt|amount|spend|spent|sales|revenue)_?[a-z]+.*|'
            ~ '.+_(spend|spent|sales|revenue)'
        ) }}
            then 3
        when {{ text_matches(
            feature,
            '(.*_)?(spend|spent|spending|revenue|sales|turnover|amount|value|'
            ~ 'monetary|ltv|clv|cltv|gmv|worth|umsatz|profit|margin|basket)'
            ~ '(_.*)?'
        ) }}
            then 4
    end
{%- endmacro %}


{# The same, or 1 for the column that the setting VALUE names and for no other. #}
{% macro value_rank_of(feature) -%}
    {%- set named = run_setting('value') -%}
    {%- if named -%}
    case when {{ feature }} = {{ text_literal(named) }} then 1 end
    {%- else -%}
    {{ value_rank(feature) }}
    {%- endif -%}
{%- endmacro %}


{# Whether a number counts in money, going by its name. #}
{% macro is_money_name(feature) -%}
    (
        {{ text_matches(
            feature,
            '(.*_)?(mnt.*|amt.*|spend|spent|revenue|sales|turnover|amount|'
            ~ 'monetary|ltv|clv|cltv|gmv|umsatz|profit|income|salary|wages?)'
            ~ '(_.*)?'
        ) }}
        and not {{ text_matches(
            feature, '.*(score|points|index|rank|rate|share|percent|[0-9]_to).*'
        ) }}
    )
{%- endmacro %}


{# What else a column of a table says of a customer, by its name, or else by what
   it is called, which has the words of NumDealsPurchases apart: means (income),
   complaint, answers (campaigns answered), deals, satisfaction; null for any
   other. #}
{% macro described_role(feature, label) -%}
    coalesce(
        {{ role_of_name(feature) }},
        {{ role_of_name(snake_case(label)) }}
    )
{%- endmacro %}


{% macro role_of_name(feature) -%}
    case
        when {{ text_matches(
            feature,
            '(.*_)?(income|salary|wages?|earnings|purchasing_power|einkommen|'
            ~ 'gehalt)(_.*)?'
        ) }}
            then 'means'
        when {{ text_matches(
            feature, '(.*_)?(complain|complains|complained|complaints?)(_.*)?'
        ) }}
            then 'complaint'
        when {{ text_matches(
            feature,
            'accepted_?(cmp|campaigns?).*|campaigns?_(accepted|answered|'
            ~ 'responded|responses?).*|(campaign_)?responses?(_count)?|'
            ~ '(accepted|answered)_(offers|promotions)(_count)?'
        ) }}
            then 'answers'
        when {{ text_matches(
            feature,
            '(.*_)?(deals?|discounts?|discounted|coupons?|promotions?)(_.*)?'
        ) }}
            then 'deals'
        when {{ text_matches(
            feature,
            '(.*_)?(satisfaction|contentment|happiness|csat|nps|net_promoter|'
            ~ 'zufriedenheit)(_.*)?'
        ) }}
            then 'satisfaction'
    end
{%- endmacro %}


{# Whether a number is an age, or a year of birth, which is higher for the
   younger; null for any other. #}
{% macro age_role(feature) -%}
    case
        when {{ text_matches(
            feature, '(customer_?)?(age|alter)(_?(in_?)?years)?'
        ) }}
            then 'age'
        when {{ text_matches(
            feature, '(year_?(of_?)?birth|birth_?year|yob|geburtsjahr)'
        ) }}
            then 'birth'
    end
{%- endmacro %}


{# Why the numbers or texts of an attribute are ids or codes, of columns of
   attribute_profiles; null where they are not. #}
{% macro code_reason() -%}
    case
        when
            is_whole
            and known_count = customer_count
            and distinct_number_count = customer_count
            and maximum_value - minimum_value = customer_count - 1
            then 'numbers the rows'
        when
            (
                is_whole
                or distinct_count > 0.5 * known_count
            )
            and {{ is_code_name('feature') }}
            then 'an id or a code, going by its name'
        when
            distinct_count > 0.5 * known_count
            and {{ text_matches(
                'feature',
                '(.*_)?(number|no|nr|num|index|row)|unnamed(_.*)?'
            ) }}
            then 'an id or a code, going by its name'
        when has_leading_zeros
            then 'written with leading zeros, as codes are'
        when
            digit_count >= {{ var('min_code_digits') }}
            and not {{ is_amount_name('feature') }}
            then
                'always ' || cast(digit_count as string)
                || ' digits, as codes have'
    end
{%- endmacro %}
