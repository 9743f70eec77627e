{# CTEs that say which cells of tables of people may not be shown; the last is
   cells_hidden, the relation `cells` with is_hidden (the cell) and
   is_total_hidden (the total of its row).

   `cells` holds every row of a table in every column, with `people` in each.
   The totals of rows and columns are known to the reader. A cell of 1 to
   min_group_size - 1 people is hidden, and others so that no hidden cell
   follows from what is shown:

   - Columns are put in order, those with most small cells first. A row hides
     its columns up to its last small cell, and on until they hold
     min_group_size people.
   - The two rows that hide most hide as many columns as each other, and
     further rows those columns that have fewer than min_group_size people
     hidden by then. Two of these rows have people in two of the columns.
   - Where the total of a row is small, the totals of two rows or more are
     hidden, and all their cells.

   So every small cell is the corner of a rectangle of hidden cells, in which
   people can be moved without changing a total that is shown. #}
{% macro hidden_cells(cells, table_key, row_key, column_key) -%}
{%- set least_size = setting_within('min_group_size', 1, 1000000) -%}
{%- set of_table = 'partition by ' ~ table_key -%}
{%- set of_row = of_table ~ ', ' ~ row_key -%}
{%- set of_column = of_table ~ ', ' ~ column_key -%}
{%- set so_far = 'rows between unbounded preceding and current row' -%}
cells_counted as (

    select
        *,
        case when {{ is_small_count('people') }} then 1 else 0 end as is_small,
        case when people > 0 then 1 else 0 end as is_filled,
        sum(people) over ({{ of_row }}) as row_people,
        sum(people) over ({{ of_column }}) as column_people
    from {{ cells }}

),

columns_counted as (

    select
        *,
        sum(is_small) over ({{ of_column }}) as column_small
    from cells_counted

),

columns_ordered as (

    select
        *,
        row_number() over (
            {{ of_row }}
            order by column_small desc, column_people asc, {{ column_key }} asc
        ) as column_number
    from columns_counted

),

rows_summed as (

    select
        *,
        sum(people) over (
            {{ of_row }} order by column_number {{ so_far }}
        ) as people_across,
        sum(is_filled) over (
            {{ of_row }} order by column_number {{ so_far }}
        ) as filled_across,
        max(column_number * is_small) over ({{ of_row }}) as last_small,
        count(*) over ({{ of_row }}) as column_count
    from columns_ordered

),

-- How many columns a row hides by itself.
rows_reached as (

    select
        *,
        case
            when last_small = 0 then 0
            else coalesce(
                min(
                    case
                        when
                            column_number >= last_small
                            and people_across >= {{ least_size }}
                            then column_number
                    end
                ) over ({{ of_row }}),
                column_count
            )
        end as row_reach
    from rows_summed

),

tables_reached as (

    select
        *,
        max(row_reach) over ({{ of_table }}) as table_reach,
        max(
            case
                when {{ is_small_count('row_people') }} then 1
                else 0
            end
        ) over ({{ of_table }}) as has_small_total
    from rows_reached

),

-- Whether people of a row can be moved from one hidden column to another.
rows_spread as (

    select
        *,
        case
            when
                sum(
                    case when column_number <= table_reach then is_filled end
                ) over ({{ of_row }}) >= 2
                then 1
            else 0
        end as is_spread
    from tables_reached

),

rows_ordered as (

    select
        *,
        sum(is_spread) over ({{ of_column }}) as spread_count,
        row_number() over (
            {{ of_column }}
            order by
                row_reach desc,
                is_spread desc,
                case when row_people > 0 then 0 else 1 end asc,
                row_people asc,
                {{ row_key }} asc
        ) as row_number
    from rows_spread

),

columns_summed as (

    select
        *,
        sum(people) over (
            {{ of_column }} order by row_number {{ so_far }}
        ) as people_down,
        sum(row_people) over (
            {{ of_column }} order by row_number {{ so_far }}
        ) as total_down,
        sum(is_spread) over (
            {{ of_column }} order by row_number {{ so_far }}
        ) as spread_down
    from rows_ordered

),

-- How many rows it takes for a column that is hidden, and for hidden totals.
-- Where totals of rows are hidden, people can be moved within the column.
columns_reached as (

    select
        *,
        case
            when column_number <= table_reach
                then
                    min(
                        case
                            when
                                row_number >= 2
                                and people_down >= least(
                                    {{ least_size }}, column_people
                                )
                                and (
                                    has_small_total = 1
                                    or spread_down >= least(2, spread_count)
                                )
                                then row_number
                        end
                    ) over ({{ of_column }})
        end as column_reach,
        min(
            case
                when row_number >= 2 and total_down >= {{ least_size }}
                    then row_number
            end
        ) over ({{ of_column }}) as total_reach
    from columns_summed

),

rows_needed as (

    select
        *,
        max(
            case when row_number <= column_reach then column_number end
        ) over ({{ of_row }}) as needed_reach,
        has_small_total = 1
        and (
            {{ is_small_count('row_people') }}
            or row_number <= coalesce(total_reach, row_number)
        ) as is_total_hidden
    from columns_reached

),

-- A row that hides one cell only would give it away by its total.
rows_extended as (

    select
        *,
        case
            when is_total_hidden then column_count
            when needed_reach > 0
                then coalesce(
                    min(
                        case
                            when
                                column_number >= needed_reach
                                and filled_across >= 2
                                then column_number
                        end
                    ) over ({{ of_row }}),
                    column_count
                )
            else 0
        end as extended_reach
    from rows_needed

),

cells_hidden as (

    select
        *,
        column_number <= greatest(row_reach, extended_reach) as is_hidden
    from rows_extended

)
{%- endmacro %}


{# Whether a number of people is too small to be shown: 0 is not. #}
{% macro is_small_count(people) -%}
    {{ people }} between 1
    and {{ setting_within('min_group_size', 1, 1000000) }} - 1
{%- endmacro %}
